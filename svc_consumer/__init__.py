"""Counts votes: reads Kafka, the ledger, and keeps the vote log and the tally in step with it."""
