"""The promise, checked from outside: every accepted vote counts, and counts once."""
