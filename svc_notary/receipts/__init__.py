"""Receipts: where a vote is in the record, and the proof."""
