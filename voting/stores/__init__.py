"""The vote log in MongoDB and the tally in Redis."""
