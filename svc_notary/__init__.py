"""Keeps a Merkle tree over each partition of the ledger, signs it, and gives receipts."""
