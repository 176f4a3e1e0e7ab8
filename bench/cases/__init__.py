"""The cases that are measured, and the servers and turns that they share."""
