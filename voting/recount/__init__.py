"""The final result of a poll, recounted from the ledger's records alone. No I/O here."""
