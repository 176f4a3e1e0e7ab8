"""Votes per second, from successive totals. Pure: the caller passes the time."""

from collections import deque
from collections.abc import Mapping
from typing import Final, NamedTuple

from voting.domain.vote import Route

# The current rate is the average over this many seconds. A shorter window would jump with the
# consumer's batches.
WINDOW_SECONDS: Final = 3.0
HISTORY_SECONDS: Final = 60
# Readings further apart give no rate for the seconds between them.
GAP_SECONDS: Final = 5.0
# The readings that a rate needs.
READINGS_MIN: Final = 2


class RouteTotals(NamedTuple):
    """The votes of each route at a moment, in seconds of a monotonic clock.

    Interpolated between two readings of the tally, the votes may be fractional.
    """

    at: float
    votes: Mapping[Route, float]


class RateMeter:
    """Votes per second of each route, now and for each of the last `HISTORY_SECONDS` seconds."""

    def __init__(self) -> None:
        self._readings: deque[RouteTotals] = deque()
        self._history: deque[Mapping[Route, float] | None] = deque(maxlen=HISTORY_SECONDS)

    def add(self, at: float, votes: Mapping[Route, int]) -> None:
        """Add the totals at `at`, in ascending order of time."""
        reading = RouteTotals(at, {route: votes.get(route, 0) for route in Route})
        if not self._readings:
            self._begin(reading)
        elif _apart(self._readings[-1], reading):
            self._history.append(None)
            self._begin(reading)
        else:
            self._close_seconds(self._readings[-1], reading)
            self._readings.append(reading)
        while len(self._readings) > READINGS_MIN and self._readings[0].at < at - WINDOW_SECONDS:
            self._readings.popleft()

    def now(self) -> Mapping[Route, float] | None:
        """Return the current rates, or None before two readings can be compared."""
        if len(self._readings) < READINGS_MIN:
            return None
        return _rates(self._readings[0], self._readings[-1])

    def history(self, route: Route) -> list[float | None]:
        """Return the rate in each past second, oldest first, None where unknown."""
        return [rates[route] if rates else None for rates in self._history]

    def _begin(self, reading: RouteTotals) -> None:
        self._readings.clear()
        self._readings.append(reading)
        self._edge = reading

    def _close_seconds(self, last: RouteTotals, reading: RouteTotals) -> None:
        """Add to the history each second that ended between two readings."""
        while self._edge.at + 1 <= reading.at:
            edge = _between(last, reading, self._edge.at + 1)
            self._history.append(_rates(self._edge, edge))
            self._edge = edge


def _apart(before: RouteTotals, after: RouteTotals) -> bool:
    """Whether the rates between two readings are unknown.

    They are too far apart, or the tally was lost and is being rebuilt.
    """
    fell = any(after.votes[route] < before.votes[route] for route in Route)
    return fell or after.at - before.at > GAP_SECONDS


def _rates(before: RouteTotals, after: RouteTotals) -> Mapping[Route, float]:
    seconds = after.at - before.at
    return {
        route: round((after.votes[route] - before.votes[route]) / seconds, 1) for route in Route
    }


def _between(before: RouteTotals, after: RouteTotals, at: float) -> RouteTotals:
    """Return the reading at `at`, on the straight line between two others."""
    share = (at - before.at) / (after.at - before.at)
    votes = {
        route: before.votes[route] + (after.votes[route] - before.votes[route]) * share
        for route in Route
    }
    return RouteTotals(at, votes)
