"""The result: ranking, rates, newest votes, and the snapshot that combines them. No I/O."""
