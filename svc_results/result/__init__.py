"""The result: ranking, rates, newest votes, and the snapshot of all of it. No I/O."""
