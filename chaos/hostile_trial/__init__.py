"""The trial of hostile clients while people vote: readers, limits, usage, result."""
