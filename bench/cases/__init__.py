"""The cases that are measured, in groups, and the run through all of them."""
