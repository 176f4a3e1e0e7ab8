"""People who vote, and the register of what they sent and what they were answered."""
