"""Writes batches of the ledger to both stores so that every accepted vote counts once.

The order is what matters: documents, then the fence in the vote log, then the tally. If a batch is
interrupted anywhere, the log heals from the ledger and the tally from the log.
"""

import uuid
from collections.abc import Sequence
from typing import Protocol

from svc_consumer.counting.copies import delta
from svc_consumer.counting.fence import pass_fence
from svc_consumer.counting.healing import Healer
from svc_consumer.counting.log_projection import LogProjection
from svc_consumer.counting.partition import Partition
from svc_consumer.counting.positions import offset_of, position_at
from svc_consumer.counting.store_protocols import CounterStore, LogStore
from svc_consumer.errors import LedgerReplacedError, StaleError
from svc_consumer.ledger.records import Copy, Record, Rejection, read_records
from svc_consumer.metrics import COUNTED, DUPLICATES
from voting.stores.errors import NO_POSITION


class RejectedRecords(Protocol):
    """Where records that are not votes go."""

    async def write(self, partition: int, rejections: Sequence[Rejection]) -> None:
        """Return when Kafka has acknowledged the records; raise `RejectedUnavailableError`."""
        ...


class Projector:
    """Keeps both stores in step with the partitions of this consumer."""

    def __init__(self, log: LogStore, tally: CounterStore, rejected: RejectedRecords) -> None:
        self._log = log
        self._log_projection = LogProjection(log)
        self._tally = tally
        self._healer = Healer(log, tally)
        self._rejected = rejected

    async def sync(self, number: int, partitions: int) -> Partition:
        """Claim a partition, one of `partitions`, and return it as both stores have it.

        Claiming writes to both stores, so a store that only answers reads is detected here. Raises
        `StaleError` when another consumer claims the partition at the same moment, and
        `LedgerReplacedError` when the topic had another number of partitions.
        """
        owner = uuid.uuid4().hex
        logged = await self._log.claim(number, owner, partitions)
        if logged is None:
            raise StaleError("another consumer is claiming it at the same time")
        if logged.partitions != partitions:
            # Votes would be expected in other partitions than the ones they are in.
            counted = f"but was counted with {logged.partitions}"
            raise LedgerReplacedError(f"the topic has {partitions} partitions, {counted}")
        tally_position = await self._tally.claim(number)
        partition = Partition(number, partitions, owner, logged.position, tally_position)
        if logged.position == NO_POSITION or partition.behind:
            await self._log.ensure_indexes()  # lost with the collection; healing needs one
        return partition

    async def heal(self, partition: Partition) -> None:
        """Add the next votes that the tally of a partition that is `behind` lacks."""
        await self._healer.step(partition)
        if not partition.behind:
            partition.recheck()  # the record at the log's position must be read again

    async def take_in(self, partition: Partition, records: Sequence[Record]) -> None:
        """Take a batch of at most `voting.stores.tally_store.MAX_VOTES` records into both stores.

        If the partition is `behind`, the batch is only checked: the tally must heal first.
        Raises `StaleError` when a store is not at the expected position, and
        `LedgerReplacedError` when the records are not those of the ledger that was counted.
        """
        partition.check_batch(records)
        if partition.behind:
            return
        new = [r for r in records if r.offset > offset_of(partition.log_position)]
        if new:
            await self._take_in_new(partition, new)
        partition.next_offset = records[-1].offset + 1

    async def _take_in_new(self, partition: Partition, records: Sequence[Record]) -> None:
        """Take in records that the log does not have; the tally may have some of them."""
        contents = read_records(records, partition.number, partition.partitions)
        position = position_at(records[-1].offset, records[-1].key)
        await self._reject(partition, contents.rejections)
        winners = await self._log_projection.take_in(partition.number, contents.copies)
        await pass_fence(self._log, partition, position)
        if offset_of(position) > offset_of(partition.tally_position):
            await self._count(partition, position, contents.copies, winners)

    async def _reject(self, partition: Partition, rejections: Sequence[Rejection]) -> None:
        """Pass on records that are not votes, unless the tally's position is past them.

        The position passes such records only after they were written. If a batch is interrupted
        between here and the fence, its rejections are written again.
        """
        done = offset_of(partition.tally_position)
        new = [rejection for rejection in rejections if rejection.record.offset > done]
        await self._rejected.write(partition.number, new)

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
            raise StaleError(f"the tally is at {stored}, expected {partition.tally_position}")
        partition.tally_position = position
        for route, votes in lacking.votes_by_route().items():
            COUNTED.labels(route).inc(votes)
        DUPLICATES.inc(sum(copy.offset > after for copy in copies) - lacking.votes)
