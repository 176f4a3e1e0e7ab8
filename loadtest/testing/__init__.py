"""Samples and reports to start from, and a server that answers votes, for tests."""
