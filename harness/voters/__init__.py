"""People who vote, and a record of what they sent and how it was answered."""
