"""The consumer's main loop, and what runs beside it: assignment, readiness, setbacks, lag."""
