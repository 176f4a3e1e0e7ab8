"""Polls: what may be voted on, until exactly when, and who may see the result. No I/O here."""
