"""Kafka, the ledger: connecting to it, writing to it, its topics, and the list of albums."""
