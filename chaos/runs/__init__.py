"""A run: faults while people vote, then the check."""
