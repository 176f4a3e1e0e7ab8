"""When votes are due, at a set rate that does not depend on the answers."""

import asyncio
import os
import time
from collections.abc import Callable
from random import Random

from loadtest.model.arrivals import Arrival, Arrivals, Pattern


class Schedule:
    """Votes at random times, like those of many people, until the time is up.

    `on_due` is called when the vote that `take_due` was asked for becomes due. A timer of the
    kernel wakes the event loop, as uvloop's own timers are accurate to a millisecond only.
    """

    def __init__(
        self, rate: float, seconds: float, random: Random, on_due: Callable[[], None]
    ) -> None:
        self._arrivals = Arrivals(
            Pattern.POISSON, rate=rate, warm_up=0, seconds=seconds, limit=-1, random=random
        )
        self._seconds = seconds
        self._on_due = on_due
        self._next: Arrival | None = None
        self._begin = 0.0
        self._timer = -1

    async def run(self) -> None:
        """Begin, and return when the time is up."""
        loop = asyncio.get_running_loop()
        self._timer = os.timerfd_create(time.CLOCK_MONOTONIC)
        loop.add_reader(self._timer, self._ring)
        self._begin = time.monotonic()
        try:
            self._on_due()
            await asyncio.sleep(self._seconds)
        finally:
            loop.remove_reader(self._timer)
            os.close(self._timer)

    def take_due(self) -> float | None:
        """Return when the next vote became due (`time.monotonic`), None if none is due yet."""
        now = time.monotonic()
        self._next = self._next or self._arrivals.take(now - self._begin)
        if self._next is None:
            return None
        at = self._begin + self._next.at
        if at > now:
            os.timerfd_settime(self._timer, flags=os.TFD_TIMER_ABSTIME, initial=at)
            return None
        self._next = None
        return at

    def _ring(self) -> None:
        os.read(self._timer, 8)  # until then it stays readable
        self._on_due()
