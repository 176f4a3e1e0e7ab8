"""The faults, and the order in which they come."""
