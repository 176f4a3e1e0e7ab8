"""The real gRPC server with a ledger in memory, for tests."""
