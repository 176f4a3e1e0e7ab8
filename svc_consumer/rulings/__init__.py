"""Applies the rulings of polls to the tally as soon as they are in force."""
