"""The ledger: every partition of the topic of the votes, read without a consumer group."""
