"""What the voters sent, and how it was answered."""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from voting.client.sent_vote import SentVote
from voting.domain.vote import Route


class Acknowledgement(NamedTuple):
    """When (seconds on the monotonic clock) a route acknowledged a vote, and which."""

    at: float
    route: Route


@dataclass
class SentVotes:
    """All votes of a run.

    `sent` has every vote with a known id; `anonymous` counts requests that got no answer and so
    no id. `repeats` counts votes sent again after they were acknowledged. `others` are artists
    who also get votes that are not in `sent`. `in_polls` counts answers to votes in polls.
    """

    sent: dict[str, SentVote] = field(default_factory=dict)
    acknowledged: dict[str, Acknowledgement] = field(default_factory=dict)
    anonymous: int = 0
    repeats: int = 0
    others: frozenset[str] = frozenset()
    in_polls: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    wrong_answers: Counter[str] = field(default_factory=Counter)
    _times: dict[Route, list[float]] = field(default_factory=lambda: {r: [] for r in Route})

    def acknowledge(self, vote: SentVote, at: float) -> None:
        """Record that a vote's route has acknowledged it."""
        if vote.route is None:
            raise ValueError("only a route acknowledges a vote")
        if vote.id is not None:
            self.acknowledged.setdefault(vote.id, Acknowledgement(at, vote.route))
        self._times[vote.route].append(at)

    def longest_gap(self, begin: float, end: float) -> float:
        """Return the longest time (s) in which a route acknowledged nothing."""
        return max(_longest_gap(times, begin, end) for times in self._times.values())

    def alive_since(self, moment: float) -> bool:
        """Whether every route has acknowledged a vote after `moment`."""
        return all(self.acknowledged_since(route, moment) for route in self._times)

    def acknowledged_since(self, route: Route, moment: float) -> bool:
        """Whether a route has acknowledged a vote after `moment`."""
        times = self._times[route]
        return bool(times) and times[-1] > moment


def _longest_gap(times: list[float], begin: float, end: float) -> float:
    known = [begin, *times[bisect_left(times, begin) : bisect_left(times, end)], end]
    return max(later - earlier for earlier, later in pairwise(known))
