"""Which copy of a vote counts. No I/O here.

A vote may be written to Kafka several times: clients and producers retry. All copies share a
partition, so every reader sees them in the same order: the lowest offset wins.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple

from svc_consumer.ledger.records import Copy
from voting.domain.tally import Tally, tally_of
from voting.stores.logged_vote import Place


class CopyKind(Enum):
    """How a copy compares with the copy of the same vote in the vote log."""

    SAME = "the copy in the log, read again"
    FIRST = "an earlier copy: the log lost it and then stored a later one"
    DUPLICATE = "a later copy: it does not count"


class Judgement(NamedTuple):
    """What becomes of the copies of a batch."""

    winners: list[Copy]
    to_rewrite: list[Copy]  # winners for which the log has a later copy


def first_copies(copies: Iterable[Copy]) -> dict[str, Copy]:
    """Return the first copy of each vote, by id; `copies` are in the ledger's order."""
    first: dict[str, Copy] = {}
    for copy in copies:
        first.setdefault(copy.vote.id, copy)
    return first


def kind_of_copy(partition: int, offset: int, logged: Place) -> CopyKind:
    """Compare the copy at this place with the one in the log."""
    if logged.partition != partition or logged.offset < offset:
        return CopyKind.DUPLICATE
    return CopyKind.SAME if logged.offset == offset else CopyKind.FIRST


def judge(partition: int, copies: Mapping[str, Copy], logged: Mapping[str, Place]) -> Judgement:
    """Return which first copies of a batch win.

    `logged` has the places of the votes that the log had already; the others are new.
    """
    if not logged:
        return Judgement(list(copies.values()), [])
    winners: list[Copy] = []
    to_rewrite: list[Copy] = []
    for vote_id, copy in copies.items():
        place = logged.get(vote_id)
        found = CopyKind.SAME if place is None else kind_of_copy(partition, copy.offset, place)
        if found is not CopyKind.DUPLICATE:
            winners.append(copy)
        if found is CopyKind.FIRST:
            to_rewrite.append(copy)
    return Judgement(winners, to_rewrite)


def delta(winners: Iterable[Copy], after: int) -> Tally:
    """Return the tally of the winners beyond the offset `after`, which is the tally's own."""
    return tally_of(copy.vote for copy in winners if copy.offset > after)
