"""Commands that check the stores against each other and repair the tally."""
