"""Anybody's recount of a published result: one file, for a plain Python."""
