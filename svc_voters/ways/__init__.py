"""What voters show to get their tokens, how it is checked, and how often they may try."""
