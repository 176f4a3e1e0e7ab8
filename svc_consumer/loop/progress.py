"""Ends a process that does not go on any more, so that it is started again."""

import faulthandler
import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Final

_log = logging.getLogger(__name__)

STUCK_STATUS: Final = 3
_TICK_SECONDS: Final = 1.0


class Progress:
    """Something that must go on: whoever does the work calls `note` whenever it did."""

    def __init__(self) -> None:
        self.noted = 0

    def note(self) -> None:
        """Say that work goes on, or that there is none, or that it waits for something known."""
        self.noted += 1


class Watchdog(threading.Thread):
    """Ends the process when `progress` notes nothing for `limit` ticks, seconds by default.

    A thread, so that it sees an event loop that turns no more. It counts its own ticks: in a
    process that was stopped as a whole for a while nothing is stuck.
    """

    def __init__(
        self,
        progress: Progress,
        limit: int,
        *,
        end: Callable[[int], object] = os._exit,
        tick: Callable[[], object] = lambda: time.sleep(_TICK_SECONDS),
    ) -> None:
        super().__init__(name="watchdog", daemon=True)
        self._progress = progress
        self._limit = limit
        self._end = end
        self._tick = tick

    def run(self) -> None:
        """Watch until the process ends."""
        noted, idle = self._progress.noted, 0
        while idle < self._limit:
            self._tick()
            if self._progress.noted == noted:
                idle += 1
            else:
                noted, idle = self._progress.noted, 0
        _log.critical("no progress for %d s: exiting, to be restarted", self._limit)
        faulthandler.dump_traceback()
        self._end(STUCK_STATUS)
