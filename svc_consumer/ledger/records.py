"""Records of the ledger, and which of them are votes."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from voting.domain.codec import read_vote
from voting.domain.vote import InvalidVoteError, Vote, arrival


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

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """Its headers."""
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
