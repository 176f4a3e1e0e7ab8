"""Holds the votes that were sent against the vote log and the tally."""
