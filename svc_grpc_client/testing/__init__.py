"""Servers for tests of the client: the real one with a ledger in memory, and a scripted one."""
