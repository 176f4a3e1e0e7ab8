"""What tests wait for."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

_POLL_S: Final = 0.02


def wait_until(what: str, holds: Callable[[], bool], limit_s: float = 30.0) -> None:
    """Return as soon as `holds()`; fail the test, naming `what`, when it does not in `limit_s`."""
    end = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit_s:g} s: {what}")
        time.sleep(_POLL_S)


def has_ended(pid: int) -> bool:
    """Whether the process with this id has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError, ProcessLookupError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"  # ended, and not yet collected by init
