"""When votes are sent: the schedule that all users of a phase share."""

from collections.abc import Callable
from enum import StrEnum
from random import Random
from typing import NamedTuple


class Pattern(StrEnum):
    """How arrivals follow each other.

    `POISSON`: independent of each other, like those of many people. `CONSTANT`: evenly spaced.
    `CLOSED`: each user sends as soon as its last vote is answered, so a slow server is asked less;
    the only pattern whose rate depends on the answers.
    """

    POISSON = "poisson"
    CONSTANT = "constant"
    CLOSED = "closed"


class Arrival(NamedTuple):
    """One vote's place in the schedule.

    `at` is the intended time in seconds on the schedule's clock. `queued` is true when no user was
    free at that time: the vote had to wait because earlier ones were not answered yet.
    """

    at: float
    queued: bool


class Arrivals:
    """One schedule for all users: whoever is free takes the next arrival.

    The schedule never waits for answers. When every user is busy, arrivals queue, and their
    latency counts from the intended time; this is what keeps a slow server from hiding
    ("coordinated omission"). Users are connections: an arrival takes any free one, as a new person
    would, not the one whose turn it is.

    Times are seconds since the start of the measurement; the schedule begins `warm_up` seconds
    before it (`offset` seconds later) and ends after `seconds`, after `limit` arrivals, or when it
    is closed. Arrivals not taken by then are never sent: an overloaded phase ends on time, too.
    """

    def __init__(
        self,
        pattern: Pattern,
        *,
        rate: float,
        warm_up: float,
        seconds: float,
        limit: int,
        random: Random,
        offset: float = 0.0,
    ) -> None:
        self._scheduled = pattern is not Pattern.CLOSED
        self._gap: Callable[[], float] = (
            (lambda: random.expovariate(rate)) if pattern is Pattern.POISSON else (lambda: 1 / rate)
        )
        self._next = offset - warm_up
        self._end = seconds
        self._left = limit

    def take(self, now: float) -> Arrival | None:
        """Return the next arrival, which may lie in the past, or None when there is no more."""
        at = self._next if self._scheduled else now
        if max(at, now) >= self._end or self._left == 0:
            return None
        self._left -= 1
        if self._scheduled:
            self._next += self._gap()
        return Arrival(at, queued=at < now)

    def close(self) -> None:
        """End the schedule at once."""
        self._left = 0

    def unsent(self) -> int:
        """Return how many arrivals were due before the end and not taken, and drop them."""
        count = 0
        while self._scheduled and self._left > 0 and self._next < self._end:
            self._next += self._gap()
            self._left -= 1
            count += 1
        return count
