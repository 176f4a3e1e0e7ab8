"""Votes, their rules, and the tally they add up to. No I/O."""
