"""A published poll with its evidence, made by the system's own code, for tests."""
