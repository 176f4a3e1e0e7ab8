"""What the voters know: which votes they sent, and what they were told."""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from voting.domain.vote import Route
from voting.stores.logged_vote import LoggedVote


class Ballot(NamedTuple):
    """A vote as a client sends it; the id is None until the client or the service made one."""

    id: str | None
    name: str
    album: str
    year: int
    rank: int
    route: Route

    def is_logged_as(self, logged: LoggedVote) -> bool:
        """Whether a vote of the log is this one, unaltered."""
        ours = (self.name, self.album, self.year, self.rank, self.route)
        return ours == (logged.name, logged.album, logged.year, logged.rank, logged.route)


class Acknowledgement(NamedTuple):
    """When (seconds on the monotonic clock) a route promised that a vote counts."""

    at: float
    route: Route


@dataclass
class Register:
    """All votes of a run.

    `sent` has every vote with a known id; `anonymous` counts sendings that got no answer and so
    no id. `repeats` counts sendings of a vote that was acknowledged already. `others` are artists
    for whom people vote of whom the register knows nothing.
    """

    sent: dict[str, Ballot] = field(default_factory=dict)
    acknowledged: dict[str, Acknowledgement] = field(default_factory=dict)
    anonymous: int = 0
    repeats: int = 0
    others: frozenset[str] = frozenset()
    refusals: Counter[str] = field(default_factory=Counter)
    wrong_answers: Counter[str] = field(default_factory=Counter)
    _times: dict[Route, list[float]] = field(default_factory=lambda: {r: [] for r in Route})

    def acknowledge(self, ballot: Ballot, at: float) -> None:
        """Note that the service has promised to count a vote."""
        if ballot.id is not None:
            self.acknowledged.setdefault(ballot.id, Acknowledgement(at, ballot.route))
        self._times[ballot.route].append(at)

    def longest_gap(self, begin: float, end: float) -> float:
        """Return the longest time (s) between `begin` and `end` without word from a route."""
        return max(_longest_gap(times, begin, end) for times in self._times.values())

    def alive_since(self, moment: float) -> bool:
        """Whether every route has acknowledged a vote after `moment`."""
        return all(times and times[-1] > moment for times in self._times.values())


def _longest_gap(times: list[float], begin: float, end: float) -> float:
    known = [begin, *times[bisect_left(times, begin) : bisect_left(times, end)], end]
    return max(later - earlier for earlier, later in pairwise(known))
