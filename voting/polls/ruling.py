"""Rulings: which votes of a poll do not count, by whom and why. No I/O here.

A ruling is proposed by one person and approved by another. It reaches only votes that Kafka
appended no later than its proposal, so what it takes is a pure function of the ledger and of the
log of polls, whenever that is computed.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Final

import msgspec

ID_BYTES: Final = 16
# What a record of the log, and a request, have room for.
RULING_IDS_MAX: Final = 20_000
RULINGS_MAX: Final = 30


class VoteIds(msgspec.Struct, frozen=True):
    """Votes by their ids: 16 bytes each, one after the other, ascending and each once.

    `batch` is the number of the batch of codes that the ids were derived from; None: they were not.
    """

    packed: bytes
    batch: int | None = None

    def __len__(self) -> int:
        return len(self.packed) // ID_BYTES

    def __getitem__(self, at: int) -> bytes:
        if not 0 <= at < len(self):
            raise IndexError(at)
        return self.packed[at * ID_BYTES : (at + 1) * ID_BYTES]

    def __iter__(self) -> Iterator[bytes]:
        packed = self.packed
        return (packed[at : at + ID_BYTES] for at in range(0, len(packed), ID_BYTES))

    def __contains__(self, vote_id: bytes) -> bool:
        at = bisect_left(self, vote_id)
        return at < len(self) and self[at] == vote_id


class OfClass(msgspec.Struct, frozen=True):
    """The votes of a class of voters, by its number."""

    voter_class: int


class Between(msgspec.Struct, frozen=True):
    """Votes by when Kafka appended them, in milliseconds; `until_ms` is the first one left out."""

    from_ms: int
    until_ms: int


class Lift(msgspec.Struct, frozen=True):
    """The ruling of this number: its votes are to count again."""

    ruling: int


type Selection = VoteIds | OfClass | Between | Lift


def vote_ids(ids: Iterable[bytes], batch: int | None = None) -> VoteIds:
    """Return the selection of votes with these ids, in whichever order they are given."""
    return VoteIds(b"".join(sorted(set(ids))), batch)


class RulingState(StrEnum):
    """What became of a ruling."""

    PROPOSED = "proposed"
    IN_FORCE = "in_force"
    REFUSED = "refused"
    LIFTED = "lifted"


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """A ruling on votes of a poll, or a lift of another one.

    `number` is its place among the proposals of the poll, from 1. `event` is the number of the
    event that proposed it, which Kafka appended at `proposed_at_ms`; `decided` of the one that
    approved or refused it, by `decider`. `lifted_by` is the number of the ruling that lifted it.
    """

    number: int
    selection: Selection
    reason: str
    author: str
    event: int
    proposed_at_ms: int
    decided: int | None = None
    decider: str | None = None
    approved: bool = False
    lifted_by: int | None = None

    @property
    def state(self) -> RulingState:
        """What became of it."""
        if self.decided is None:
            return RulingState.PROPOSED
        if not self.approved:
            return RulingState.REFUSED
        return RulingState.IN_FORCE if self.lifted_by is None else RulingState.LIFTED

    def reaches(self, vote_id: bytes, voter_class: int, appended_at_ms: int) -> bool:
        """Whether it is about a vote of its poll, by the 16 bytes of its id, its class and time."""
        if appended_at_ms > self.proposed_at_ms:
            return False
        match self.selection:
            case VoteIds():
                return vote_id in self.selection
            case OfClass(number):
                return voter_class == number
            case Between(from_ms, until_ms):
                return from_ms <= appended_at_ms < until_ms
            case Lift():
                return False


def rulings_in_force(rulings: Sequence[Ruling]) -> tuple[Ruling, ...]:
    """Return the rulings that take votes, in the order of their approval.

    A vote that several of them reach belongs to the first.
    """
    taking = [
        one
        for one in rulings
        if one.state is RulingState.IN_FORCE and not isinstance(one.selection, Lift)
    ]
    return tuple(sorted(taking, key=lambda one: one.decided or 0))


def open_proposal(rulings: Sequence[Ruling]) -> Ruling | None:
    """Return the first ruling that is neither approved nor refused."""
    return next((one for one in rulings if one.state is RulingState.PROPOSED), None)
