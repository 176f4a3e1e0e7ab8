"""What can go wrong with the cluster."""


class ClusterError(RuntimeError):
    """Something the cluster needs is missing or failed. The text says what to do."""
