"""What stops a measurement."""

from harness.processes.errors import CommandError


class BenchError(CommandError):
    """A measurement would not mean anything; the text says why."""
