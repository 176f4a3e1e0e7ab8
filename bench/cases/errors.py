"""What stops a measurement."""


class BenchError(RuntimeError):
    """A measurement would not mean anything; the text says why."""
