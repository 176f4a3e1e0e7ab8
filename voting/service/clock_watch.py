"""Compares this machine's clock with a server's, using the times in the server's answers."""

import logging
import time
from typing import Final

from prometheus_client import Gauge

_log = logging.getLogger(__name__)

OFFSET: Final = Gauge(
    "clock_offset_seconds",
    "How far this machine's clock is ahead of a server's; negative if it is behind.",
    ["server"],
)

# More than synchronised clocks differ.
TOLERANCE_SECONDS: Final = 5.0
# Several servers may answer in turn, so an offset has ended only after this long without one.
_CALM_SECONDS: Final = 60.0


def now_ms() -> int:
    """Return the current time of this machine's clock: Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


class ClockWatch:
    """Watches the offset to the clock of one kind of server; logs each change once.

    A wrong clock harms no vote, only the times shown, so it does not make a service unready.
    """

    def __init__(self, server: str) -> None:
        self._server = server
        self._offset = OFFSET.labels(server)
        self._last_wrong: float | None = None  # in monotonic time; None while all is well

    def note(self, sent_ms: int, server_ms: int, received_ms: int) -> None:
        """Note the server's time in an answer, sent and received at these times of our clock."""
        # The server read its clock in between; only a difference beyond that interval is an offset.
        offset = (min(max(server_ms, sent_ms), received_ms) - server_ms) / 1000
        self._offset.set(offset)
        if abs(offset) > TOLERANCE_SECONDS:
            if self._last_wrong is None:
                way = "ahead of" if offset > 0 else "behind"
                _log.warning(
                    "this machine's clock is %.0f s %s %s's clock", abs(offset), way, self._server
                )
            self._last_wrong = time.monotonic()
        elif self._last_wrong is not None and time.monotonic() - self._last_wrong > _CALM_SECONDS:
            self._last_wrong = None
            _log.info("this machine's clock agrees with %s's clock again", self._server)
