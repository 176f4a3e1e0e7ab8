"""Trees as RFC 9162 defines them, for tests."""
