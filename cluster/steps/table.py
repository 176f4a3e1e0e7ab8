"""The table that the test prints, row by row."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from harness.processes.console import say


class Row:
    """A row that is being filled."""

    def __init__(self) -> None:
        """Begin with nothing found, and nothing wrong."""
        self.found = ""
        self.failed = False


def heading() -> None:
    """Print the heading."""
    say(f"\n{'step':20} {'result':6} {'time':>9}  details")


@contextmanager
def row(step: str) -> Iterator[Row]:
    """Print the row of a step at its end, with the time that it took."""
    began, filled = time.monotonic(), Row()
    try:
        yield filled
    except BaseException:
        filled.failed = True
        raise
    finally:
        result = "FAILED" if filled.failed else "ok"
        say(f"{step:20} {result:6} {time.monotonic() - began:7.1f} s  {filled.found}")
