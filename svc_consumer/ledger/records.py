"""Records of the ledger, and which of them are votes."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from voting.domain.codec import decode_vote
from voting.domain.vote import InvalidVoteError, Vote, partition_of
from voting.stores.logged_vote import CAST_AT_MAX_MS, arrival


class Record(Protocol):
    """What we use of a Kafka record."""

    @property
    def offset(self) -> int:
        """Its offset in the partition."""
        ...

    @property
    def timestamp(self) -> int:
        """When it reached Kafka, in Unix milliseconds; -1 if the topic does not record that."""
        ...

    @property
    def key(self) -> bytes | None:
        """Its key: any bytes, or none."""
        ...

    @property
    def value(self) -> bytes | None:
        """Its value: any bytes, or none."""
        ...


class Copy(NamedTuple):
    """A copy of a vote in a partition of the ledger; `arrived_at_ms` is None if unknown."""

    offset: int
    vote: Vote
    arrived_at_ms: int | None = None


class Rejection(NamedTuple):
    """A record that is not a vote, and why."""

    record: Record
    reason: str


class BatchContents(NamedTuple):
    """What a batch of records holds, in the order of the ledger."""

    copies: list[Copy]
    rejections: list[Rejection]


def read_records(records: Iterable[Record], partition: int, partitions: int) -> BatchContents:
    """Return the votes in records of a partition, and the records that are not votes."""
    contents = BatchContents([], [])
    for record in records:
        try:
            vote = read_vote(record.key, record.value, partition, partitions)
        except InvalidVoteError as error:
            contents.rejections.append(Rejection(record, str(error)))
        else:
            contents.copies.append(Copy(record.offset, vote, arrival(vote, record.timestamp)))
    return contents


def read_vote(key: bytes | None, value: bytes | None, partition: int, partitions: int) -> Vote:
    """Return the vote in a record of one of `partitions` partitions.

    Raises `InvalidVoteError` when there is none, or when the record is not in the partition of all
    copies of the vote: another copy could count as well.
    """
    if value is None:
        raise InvalidVoteError("value", "is missing")
    vote = decode_vote(value)
    if vote.cast_at_ms > CAST_AT_MAX_MS:
        raise InvalidVoteError("cast_at_ms", "must be before the year 10000")
    if key != vote.id.encode():
        raise InvalidVoteError("key", "is not the vote's id")
    if (right := partition_of(vote.id, partitions)) != partition:
        raise InvalidVoteError("partition", f"must be {right} for this id")
    return vote
