"""The ledger as the consumer reads it: records, and the topic for those that are not votes."""
