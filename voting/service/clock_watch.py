"""Whether this machine's clock goes as a server's does, by the times in the server's answers."""

import logging
import time
from typing import Final

from prometheus_client import Gauge

_log = logging.getLogger(__name__)

OFFSET: Final = Gauge(
    "clock_offset_seconds",
    "How far this machine's clock is ahead of a server's, negative when behind it.",
    ["server"],
)

# What a synchronised clock never is.
TOLERANCE_SECONDS: Final = 5.0
# Servers that answer in turn may differ: only so long without trouble is it over.
_CALM_SECONDS: Final = 60.0


def now_ms() -> int:
    """Return the time of this machine's clock: Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


class ClockWatch:
    """Follows the clock of one kind of server; a log line for each change.

    A wrong clock harms no vote, so it does not make a service unready: times that are shown are
    wrong, that is all.
    """

    def __init__(self, server: str) -> None:
        self._server = server
        self._offset = OFFSET.labels(server)
        self._last_wrong: float | None = None  # in monotonic time; None while all is well

    def note(self, sent_ms: int, server_ms: int, received_ms: int) -> None:
        """Take the time in an answer to what was sent and received at these times of our clock."""
        # The server wrote it in between; what it is off by more than that is an offset.
        offset = (min(max(server_ms, sent_ms), received_ms) - server_ms) / 1000
        self._offset.set(offset)
        if abs(offset) > TOLERANCE_SECONDS:
            if self._last_wrong is None:
                way = "ahead of" if offset > 0 else "behind"
                _log.warning(
                    "this machine's clock is %.0f s %s that of %s", abs(offset), way, self._server
                )
            self._last_wrong = time.monotonic()
        elif self._last_wrong is not None and time.monotonic() - self._last_wrong > _CALM_SECONDS:
            self._last_wrong = None
            _log.info("this machine's clock goes as that of %s again", self._server)
