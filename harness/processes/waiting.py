"""Waits, up to a limit, for conditions that no event announces."""

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator
from inspect import isawaitable
from pathlib import Path
from typing import Final

STUCK_SECONDS: Final = 120.0
"""How long to wait for something before it counts as stuck: longer than a slow machine needs.

A wait ends as soon as its condition holds. A wait that tests a promised time has its own limit.
"""

_FIRST_PAUSE_SECONDS: Final = 0.001
_LONGEST_PAUSE_SECONDS: Final = 0.05


def wait_until(
    holds: Callable[[], object],
    what: str | Callable[[], str],
    limit_seconds: float = STUCK_SECONDS,
    *,
    error: type[Exception] = AssertionError,
    pause: Callable[[float], object] = time.sleep,
) -> None:
    """Return as soon as `holds()`; raise `error`, naming `what`, after `limit_seconds`.

    A callable `what` is called then, so that it can describe the last state.
    """
    pauses = _pauses(what, limit_seconds, error)
    while not holds():
        pause(next(pauses))


async def until(
    holds: Callable[[], object],
    what: str | Callable[[], str] = "what is waited for",
    limit_seconds: float = STUCK_SECONDS,
    *,
    error: type[Exception] = AssertionError,
    first_pause_seconds: float = _FIRST_PAUSE_SECONDS,
    longest_pause_seconds: float = _LONGEST_PAUSE_SECONDS,
) -> None:
    """Do the same in an event loop; `holds` may be a coroutine function.

    Pauses double from the first to the longest; if both are equal, all are.
    """
    pauses = _pauses(what, limit_seconds, error, first_pause_seconds, longest_pause_seconds)
    while not await _result(holds):  # noqa: ASYNC110 - there is no event
        await asyncio.sleep(next(pauses))


def has_ended(pid: int) -> bool:
    """Return whether the process with this id has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError, ProcessLookupError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"  # ended, and not yet collected by init


async def _result(holds: Callable[[], object]) -> object:
    found = holds()
    return await found if isawaitable(found) else found


def _pauses(
    what: str | Callable[[], str],
    limit_seconds: float,
    error: type[Exception],
    first_seconds: float = _FIRST_PAUSE_SECONDS,
    longest_seconds: float = _LONGEST_PAUSE_SECONDS,
) -> Iterator[float]:
    """Yield pauses that double up to the longest; raise `error` when the time is over."""
    end, pause = time.monotonic() + limit_seconds, first_seconds
    while time.monotonic() <= end:
        yield pause
        pause = min(2 * pause, longest_seconds)
    raise error(f"not within {limit_seconds:g} s: {what() if callable(what) else what}")


def usual_seconds(*steps: Callable[[], object], times: int = 5) -> list[float]:
    """Take these steps in turn, so many times; return the median time of each, in seconds.

    A promised time is held against that: a pause of the machine does not count.
    """
    rounds = [[_seconds_of(step) for step in steps] for _ in range(times)]
    return [statistics.median(taken) for taken in zip(*rounds, strict=True)]


def _seconds_of(step: Callable[[], object]) -> float:
    begin = time.monotonic()
    step()
    return time.monotonic() - begin
