"""Ends a process that makes no more progress, so that it is restarted."""

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
    """The progress of work that must not stop; the worker calls `note` after each step."""

    def __init__(self) -> None:
        self.noted = 0

    def note(self) -> None:
        """Note a step done, that there is nothing to do, or a wait for a known reason."""
        self.noted += 1


class Watchdog(threading.Thread):
    """Ends the process when `progress` notes nothing for `limit` ticks (seconds by default).

    It is a thread so that it notices a blocked event loop. It counts its own ticks, so a process
    that was suspended for a while does not look stuck.
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
