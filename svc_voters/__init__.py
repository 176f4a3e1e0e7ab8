"""Gives voters their tokens: to a browser, for a code, or to an account. It stores nothing."""
