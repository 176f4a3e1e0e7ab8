"""Waits for conditions in tests."""

import time
from collections.abc import Callable
from typing import Final

_POLL_S: Final = 0.02


def wait_until(what: str, holds: Callable[[], bool], limit_s: float = 30.0) -> None:
    """Return as soon as `holds()`; fail the test, naming `what`, when it does not in `limit_s`."""
    end = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit_s:g} s: {what}")
        time.sleep(_POLL_S)
