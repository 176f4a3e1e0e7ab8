"""Ctrl-C: the first ends the load, the next one the wait after it."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupts:
    """Interruptions by the user. `event` is set by the next one."""

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self.interrupted = False

    def next(self) -> asyncio.Event:
        """Return a new event, which the next interruption sets."""
        self.event = asyncio.Event()
        return self.event

    def interrupt(self) -> None:
        """Record an interruption."""
        self.interrupted = True
        self.event.set()


@contextmanager
def interrupts_by_signal() -> Iterator[Interrupts]:
    """Turn SIGINT and SIGTERM into interruptions while the block runs."""
    interrupts = Interrupts()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, interrupts.interrupt)
    try:
        yield interrupts
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
