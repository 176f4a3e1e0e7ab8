"""Takes batches of the ledger into both stores, so that every accepted vote counts once.

The order is the rule: documents, then the fence in the vote log, then the tally. Whatever stops
it halfway, the batch is read again, and each store takes in only what it lacks.
"""

import uuid
from collections.abc import Sequence
from typing import Protocol

from svc_consumer.counting import Copy, delta
from svc_consumer.errors import LedgerReplacedError, StaleError
from svc_consumer.log_projection import LogProjection
from svc_consumer.metrics import COUNTED, DUPLICATES
from svc_consumer.partition import Partition
from svc_consumer.positions import offset_of, position_at
from svc_consumer.records import Record, Rejection, read_records
from svc_consumer.stores import CounterStore, LogStore
from voting.store import NO_POSITION


class RejectedRecords(Protocol):
    """Where records that are no votes go."""

    async def write(self, partition: int, rejections: Sequence[Rejection]) -> None:
        """Return when Kafka has acknowledged the records; raise `LedgerUnavailableError`."""
        ...


class Projector:
    """Keeps both stores in step with the partitions of this consumer."""

    def __init__(self, log: LogStore, tally: CounterStore, rejected: RejectedRecords) -> None:
        self._log = log
        self._log_projection = LogProjection(log)
        self._tally = tally
        self._rejected = rejected

    async def sync(self, number: int, partitions: int) -> Partition:
        """Claim a partition, one of `partitions`, and return it as both stores have it now.

        Raises `StaleError` when another consumer claims it at the same moment, and
        `LedgerReplacedError` when the topic had another number of partitions.
        """
        owner = uuid.uuid4().hex
        logged = await self._log.claim(number, owner, partitions)
        if logged is None:
            raise StaleError("another consumer claims it at the same moment")
        if logged.partitions != partitions:
            # Votes would be looked for in other partitions than those they lie in.
            counted = f"it was counted with {logged.partitions}"
            raise LedgerReplacedError(f"the topic has {partitions} partitions, {counted}")
        if logged.position == NO_POSITION:
            await self._log.ensure_indexes()  # they go with the collection
        tally_position = (await self._tally.positions([number]))[number]
        return Partition(number, partitions, owner, logged.position, tally_position)

    async def take_in(self, partition: Partition, records: Sequence[Record]) -> None:
        """Take a batch of at most `voting.tally_store.MAX_VOTES` records into both stores.

        Raises `StaleError` when a store is not where it was believed to be, and
        `LedgerReplacedError` when the records are not those of the ledger that was counted.
        """
        partition.check_batch(records)
        contents = read_records(records, partition.number, partition.partitions)
        position = position_at(records[-1].offset, records[-1].key)
        await self._reject(partition, contents.rejections)
        replayed = offset_of(position) <= offset_of(partition.log_position)
        winners = await self._log_projection.take_in(
            partition.number, contents.copies, replayed=replayed
        )
        await self._fence(partition, partition.log_position if replayed else position)
        if offset_of(position) > offset_of(partition.tally_position):
            await self._count(partition, position, contents.copies, winners)
        partition.next_offset = offset_of(position) + 1

    async def _reject(self, partition: Partition, rejections: Sequence[Rejection]) -> None:
        """Hand on records that are no votes, unless a store's position is past them.

        It moved over them only after they had been handed on. When a batch is cut short between
        here and the fence, its rejections are written again.
        """
        if not rejections:
            return
        done = max(offset_of(partition.log_position), offset_of(partition.tally_position))
        new = [rejection for rejection in rejections if rejection.record.offset > done]
        await self._rejected.write(partition.number, new)

    async def _fence(self, partition: Partition, position: str) -> None:
        """Move the log's position on, and learn that nobody else did and nothing was lost.

        After replays too: the tally may count only what the log surely has.
        """
        moved = await self._log.advance(
            partition.number, partition.owner, partition.log_position, position
        )
        if not moved:
            raise StaleError(f"the vote log is not at {partition.log_position} any more")
        partition.log_position = position

    async def _count(
        self, partition: Partition, position: str, copies: Sequence[Copy], winners: Sequence[Copy]
    ) -> None:
        """Add the winners that the tally lacks, together with the position."""
        after = offset_of(partition.tally_position)
        lacking = delta(winners, after)
        stored = await self._tally.advance(
            partition.number, partition.tally_position, position, lacking
        )
        if stored != position:
            raise StaleError(f"the tally is at {stored}, not at {partition.tally_position}")
        partition.tally_position = position
        for route, votes in lacking.routes.items():
            COUNTED.labels(route).inc(votes)
        DUPLICATES.inc(sum(copy.offset > after for copy in copies) - lacking.votes)
