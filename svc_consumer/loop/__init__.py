"""The loop that takes records into the stores: partitions, waiting, setbacks, lag."""
