"""What stops a measurement."""

from harness.processes.errors import CommandError


class BenchError(CommandError):
    """A measurement would be meaningless; the text says why."""
