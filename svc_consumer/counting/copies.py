"""Which copy of a vote counts. No I/O here.

A vote may be written to Kafka several times: clients and producers retry. All copies share a
partition, so their order is the same for whoever reads it: the winner is the lowest offset.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple

from svc_consumer.ledger.records import Copy
from voting.domain.tally import Tally, tally_of
from voting.stores.logged_vote import Place


class Verdict(Enum):
    """What a copy is, beside the copy of the same vote that the log has."""

    SAME = "the copy in the log: it is read again"
    FIRST = "an earlier one: the log lost it and then took a later one"
    DUPLICATE = "a later one: it does not count"


class Judgement(NamedTuple):
    """What becomes of the copies of a batch."""

    winners: list[Copy]
    first: list[Copy]  # those of the winners that the log must put in the place of a later copy


def first_copies(copies: Iterable[Copy]) -> dict[str, Copy]:
    """Return the first copy of each vote, by id, of copies in the order of the ledger."""
    first: dict[str, Copy] = {}
    for copy in copies:
        first.setdefault(copy.vote.id, copy)
    return first


def verdict(partition: int, offset: int, logged: Place) -> Verdict:
    """Judge the copy at this place beside the one that the log has."""
    if logged.partition != partition or logged.offset < offset:
        return Verdict.DUPLICATE
    return Verdict.SAME if logged.offset == offset else Verdict.FIRST


def judge(partition: int, copies: Mapping[str, Copy], logged: Mapping[str, Place]) -> Judgement:
    """Return which of a batch's first copies win.

    `logged` has the places of the votes that the log knew already; the others are new.
    """
    winners: list[Copy] = []
    first: list[Copy] = []
    for vote_id, copy in copies.items():
        place = logged.get(vote_id)
        found = Verdict.SAME if place is None else verdict(partition, copy.offset, place)
        if found is not Verdict.DUPLICATE:
            winners.append(copy)
        if found is Verdict.FIRST:
            first.append(copy)
    return Judgement(winners, first)


def delta(winners: Iterable[Copy], after: int) -> Tally:
    """Return what the winners beyond the offset `after`, the tally's position, add to it."""
    return tally_of(copy.vote for copy in winners if copy.offset > after)
