"""Counts one poll in one partition, from the records of the ledger in their order.

It repeats what svc_consumer does, in a few lines and without a store: of the records with the same
id the first one is the vote, and it counts unless a ruling excludes it (docs/architecture.md).
"""

from enum import Enum

from voting.domain.codec import read_vote
from voting.domain.tally import PollTally, entry_key
from voting.domain.vote import InvalidVoteError, Vote, arrival
from voting.merkle.frontier import Frontier
from voting.merkle.hashes import leaf_hash
from voting.polls.excluded import NO_RULINGS, Excluded, Rulings


class LedgerGapError(Exception):
    """The partition does not have each offset from 0 on: records were deleted, or it is another."""


class Kind(Enum):
    """What a record is to the poll."""

    COUNTS = "a vote of the poll, the first record with its id"
    EXCLUDED = "the first record with its id, but a ruling excludes the vote"
    COPY = "a vote of the poll whose id an earlier record has"
    OTHER = "not a vote of the poll"


class PartitionCount:
    """What is counted of a poll in a partition, and the Merkle tree over all of its records.

    It remembers the id of every vote, in whichever poll: some 110 bytes for each.
    """

    def __init__(
        self, poll: str, partition: int, partitions: int, rulings: Rulings = NO_RULINGS
    ) -> None:
        self.tally = PollTally()
        """All first records; what rulings take of them is in `excluded`."""
        self.excluded = Excluded()
        self.tree = Frontier()
        self.copies = 0
        self.shadows: list[int] = []
        """The offsets of votes in other polls whose ids were voted with in this one, later."""
        self._poll = poll
        self._partition = partition
        self._partitions = partitions
        self._rulings = rulings
        self._ours: set[bytes] = set()
        self._others: dict[bytes, int] = {}

    def take(
        self, offset: int, key: bytes | None, value: bytes | None, timestamp_ms: int
    ) -> tuple[Kind, Vote | None]:
        """Take the next record; return what it is, and the vote if it is one of the poll.

        `timestamp_ms` is the record's. Raises `LedgerGapError` unless it follows the last one.
        """
        if offset != self.tree.size:
            raise LedgerGapError(
                f"partition {self._partition} has offset {offset} where {self.tree.size} is missing"
            )
        self.tree.append(leaf_hash(offset, key, value))
        try:
            vote = read_vote(key, value, self._partition, self._partitions)
        except InvalidVoteError:
            return Kind.OTHER, None
        vote_id = _packed(vote.id)
        if vote.poll != self._poll:
            if vote_id not in self._ours:
                self._others.setdefault(vote_id, offset)
            return Kind.OTHER, None
        return self._of_poll(vote, vote_id, timestamp_ms), vote

    def forget_ids(self) -> None:
        """Free their memory, after the last record."""
        self._ours, self._others = set(), {}

    def _of_poll(self, vote: Vote, vote_id: bytes, timestamp_ms: int) -> Kind:
        before = len(self._ours)
        self._ours.add(vote_id)
        if len(self._ours) == before:
            self.copies += 1
            return Kind.COPY
        if (shadow := self._others.get(vote_id)) is not None:
            self.copies += 1
            self.shadows.append(shadow)
            return Kind.COPY
        key = entry_key(vote.entry, vote.voter_class)
        self.tally.add(key, 1, vote.rank, vote.route)
        ruling = self._rulings.on(vote_id, vote.voter_class, arrival(vote, timestamp_ms))
        if ruling is None:
            return Kind.COUNTS
        self.excluded.of(ruling).add(key, 1, vote.rank, vote.route)
        return Kind.EXCLUDED


def _packed(vote_id: str) -> bytes:
    return bytes.fromhex(vote_id.replace("-", ""))
