"""Waiting for what happens elsewhere, never for ever."""

import time
from collections.abc import Callable

from cluster.common.errors import ClusterError

_POLL_S = 0.05


def wait_until(what: str, holds: Callable[[], bool], limit_s: float) -> None:
    """Return as soon as `holds()`. Raises ClusterError naming `what` after `limit_s` seconds."""
    end = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > end:
            raise ClusterError(f"not within {limit_s:g} s: {what}")
        time.sleep(_POLL_S)
