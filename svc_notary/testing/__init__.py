"""Ledgers and records in memory, and the service around them, for tests."""
