"""Kafka, the ledger: how to reach it and write to it, its topics, the list of albums."""
