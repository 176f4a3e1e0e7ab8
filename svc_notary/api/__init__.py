"""The HTTP interface: checkpoints and tiles as static files, and receipts."""
