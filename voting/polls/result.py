"""The result of a poll: a pure function of its definition and of what was counted.

The same function serves the result so far, from the tally, and the final one, from the votes before
the cut.
"""

import msgspec

from voting.domain.tally import EntryTally, PollTally
from voting.domain.vote import Route
from voting.polls.definition import Entry, PollDefinition

_NO_VOTES = EntryTally(0, 0)


class EntryResult(msgspec.Struct, frozen=True):
    """An entry's place, from 1, and what it has; `rank_sum` is the sum of its ranks."""

    entry: Entry
    place: int
    votes: int
    rank_sum: int

    @property
    def average_rank(self) -> float:
        """The mean rank; 0 without votes."""
        return self.rank_sum / self.votes if self.votes else 0.0


class PollResult(msgspec.Struct, frozen=True):
    """Every entry of a poll in order, the first place first.

    `strays` are votes for entries that the poll does not have, which only another program can have
    written into the ledger. They are among the votes of the routes and in no entry.
    """

    entries: tuple[EntryResult, ...]
    routes: dict[Route, int]
    strays: int

    @property
    def votes(self) -> int:
        """How many votes all entries have together."""
        return sum(entry.votes for entry in self.entries)


def poll_result(definition: PollDefinition, counted: PollTally) -> PollResult:
    """Return the result of a poll.

    The order is by votes, then by rank sum, the most first, then as in the definition. Entries with
    as many votes and the same rank sum share a place, and the places after it are left out: 1, 2,
    2, 4. Nobody's name decides a tie.
    """
    ordered = sorted(
        ((counted.entries.get(entry.id, _NO_VOTES), entry) for entry in definition.entries),
        key=lambda one: one[0],
        reverse=True,  # stable nevertheless: equals stay in the order of the definition
    )
    entries: list[EntryResult] = []
    for number, (has, entry) in enumerate(ordered, 1):
        tied = bool(entries) and (entries[-1].votes, entries[-1].rank_sum) == has
        place = entries[-1].place if tied else number
        entries.append(EntryResult(entry, place, has.votes, has.rank_sum))
    strays = counted.votes - sum(entry.votes for entry in entries)
    return PollResult(tuple(entries), counted.routes, strays)


def votes_behind_cut(final: PollTally, live: PollTally) -> int:
    """Return how many votes the tally has that lie behind the cut, and so do not count.

    The tally must have caught up; while it heals it may have fewer votes than count, which gives 0.
    """
    return max(0, live.votes - final.votes)
