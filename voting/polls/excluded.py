"""What the rulings of a poll take from its sums. No I/O here.

Of the records with an id the first one is the vote; only then rulings are asked about it. So a copy
of an excluded vote does not take its place.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from voting.domain.tally import EntryTally, PollTally, add_poll_tally
from voting.polls.poll import Poll
from voting.polls.ruling import Ruling, VoteIds


class Excluded(msgspec.Struct):
    """The votes that do not count, by the number of the ruling that takes them.

    Each vote is taken by one ruling: by the first of those that reach it, in order of approval.
    """

    by_ruling: dict[int, PollTally] = {}

    def of(self, ruling: int) -> PollTally:
        """Return what a ruling takes, for adding to it."""
        return self.by_ruling.setdefault(ruling, PollTally())

    @property
    def total(self) -> PollTally:
        """What all rulings take together."""
        total = PollTally()
        for one in self.by_ruling.values():
            add_poll_tally(total, one)
        return total


def add_excluded(excluded: Excluded, other: Excluded) -> None:
    """Add what the same rulings take of other votes."""
    for number, taken in other.by_ruling.items():
        add_poll_tally(excluded.of(number), taken)


def without_zeros(excluded: Excluded) -> Excluded:
    """Return the same without what is zero, so that equal sums are equal."""
    found = Excluded()
    for number, tally in excluded.by_ruling.items():
        entries = {key: one for key, one in tally.entries.items() if one.votes}
        if entries:
            routes = {route: votes for route, votes in tally.routes.items() if votes}
            found.by_ruling[number] = PollTally(entries, routes)
    return found


class Rulings:
    """The rulings of a poll that are in force, to be asked about its votes."""

    def __init__(self, in_force: Sequence[Ruling]) -> None:
        """`in_force` is in order of approval."""
        self.in_force = tuple(in_force)
        ids = [one.selection for one in in_force if isinstance(one.selection, VoteIds)]
        self.ids: Final = frozenset(one[at] for one in ids for at in range(len(one)))
        self.others: Final = tuple(
            one for one in in_force if not isinstance(one.selection, VoteIds)
        )

    def on(self, vote_id: bytes, voter_class: int, appended_at_ms: int) -> int | None:
        """Return the number of the ruling that takes a vote, by the 16 bytes of its id.

        None: the vote counts.
        """
        if not self.others and vote_id not in self.ids:
            return None  # most votes
        return _first(self.in_force, vote_id, voter_class, appended_at_ms)

    def without_ids(self, voter_class: int, appended_at_ms: int) -> int | None:
        """Return what would take such a vote if no ruling named votes by their ids."""
        return _first(self.others, b"", voter_class, appended_at_ms)


NO_RULINGS: Final = Rulings(())


def _first(
    rulings: Sequence[Ruling], vote_id: bytes, voter_class: int, appended_at_ms: int
) -> int | None:
    reaching = (one for one in rulings if one.reaches(vote_id, voter_class, appended_at_ms))
    return next((one.number for one in reaching), None)


def net(counted: PollTally, excluded: Excluded) -> PollTally:
    """Return what is left; raise `ValueError` if more is excluded than was counted.

    `counted` may lack entries that the poll does not have.
    """
    left, total = PollTally(dict(counted.entries), dict(counted.routes)), excluded.total
    for key, taken in total.entries.items():
        before = left.entries.pop(key, taken)
        votes, rank_sum = before.votes - taken.votes, before.rank_sum - taken.rank_sum
        if votes < 0 or rank_sum < 0:
            raise ValueError(f"{taken.votes} votes are excluded of {before.votes} for {key}")
        if votes:
            left.entries[key] = EntryTally(votes, rank_sum)
    for route, votes in total.routes.items():
        rest = left.routes.pop(route, 0) - votes
        if rest < 0:
            raise ValueError(f"{-rest} more votes of the route {route} are excluded than counted")
        if rest:
            left.routes[route] = rest
    return left


def exclusion_version(poll: Poll) -> int:
    """Return a number that grows with whatever may change what rulings take of a poll.

    That is each approval, and the cut. 0: no ruling was ever in force.
    """
    approved = (one.decided or 0 for one in poll.rulings if one.approved)
    last = max(approved, default=0)
    return 2 * last + (poll.cut is not None) if last else 0
