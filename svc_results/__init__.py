"""The live result: a page, its API and its event stream."""
