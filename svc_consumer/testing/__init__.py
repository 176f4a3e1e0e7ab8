"""Stores, ledgers and consumers in memory, and the consumer as a process, for tests."""
