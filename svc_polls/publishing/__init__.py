"""Makes the result of a poll final: recounts, compares, signs, writes to the log of polls.

Nothing is kept in between, so whoever begins again after a crash gets the same bytes.
"""
