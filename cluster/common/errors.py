"""What can go wrong with the cluster."""

from harness.processes.errors import CommandError


class ClusterError(CommandError):
    """Something the cluster needs is missing or failed. The text says what to do."""
