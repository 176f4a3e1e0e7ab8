"""`POST /votes`, identical on both routes."""
