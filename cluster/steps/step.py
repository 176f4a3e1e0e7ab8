"""What a step is, and the row of the table with its result."""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from cluster.tested.context import StepContext
from harness.processes.console import say


class Step(NamedTuple):
    """A part of the test: `run` returns its result in a few words, or raises."""

    name: str
    run: Callable[[StepContext], Awaitable[str]]
    essential: bool = False
    """Whether the steps after it depend on it."""


class StepResult:
    """The result in the row of a step."""

    def __init__(self) -> None:
        """Begin empty and not failed."""
        self.found = ""
        self.failed = False


def heading() -> None:
    """Print the heading of the table."""
    say(f"\n{'step':20} {'result':6} {'time':>9}  details")


@contextmanager
def row(step: str) -> Iterator[StepResult]:
    """Print the row of a step at its end, with the time that it took."""
    began, filled = time.monotonic(), StepResult()
    try:
        yield filled
    except BaseException:
        filled.failed = True
        raise
    finally:
        result = "FAILED" if filled.failed else "ok"
        say(f"{step:20} {result:6} {time.monotonic() - began:7.1f} s  {filled.found}")
