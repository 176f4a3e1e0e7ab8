"""The live result: one page, its API and its stream of events."""
