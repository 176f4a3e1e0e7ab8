"""The figures of a run, and the table of them."""
