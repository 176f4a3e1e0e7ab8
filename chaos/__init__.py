"""Breaks the system on purpose, and checks that every accepted vote counts exactly once."""
