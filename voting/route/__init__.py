"""`POST /votes`, the same on both routes."""
