"""Which copy of a vote counts, and how both stores follow the ledger exactly once."""
