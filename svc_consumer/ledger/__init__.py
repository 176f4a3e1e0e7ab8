"""The ledger as the consumer reads it: records, and those that are no votes."""
