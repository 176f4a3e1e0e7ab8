"""The trial of hostile clients beside people who vote: readers, limits, usage, result."""
