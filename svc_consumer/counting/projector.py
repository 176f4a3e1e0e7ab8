"""Writes batches of the ledger to both stores so that every accepted vote counts once.

The order is what matters: documents, then the fence in the vote log, then the tally. If a batch is
interrupted anywhere, the log heals from the ledger and the tally from the log. Batches of several
partitions take each step together; what happens to one of them does not touch the others.
"""

import uuid
from collections.abc import Sequence
from time import time_ns
from typing import Protocol

from svc_consumer.counting.batch import Batch, going
from svc_consumer.counting.fence import pass_fences
from svc_consumer.counting.healing import Healer
from svc_consumer.counting.intake_spans import IntakeSpans, IntakeTraces, Write
from svc_consumer.counting.log_projection import LogProjection
from svc_consumer.counting.partition import Partition
from svc_consumer.counting.positions import offset_of
from svc_consumer.counting.store_protocols import CounterStore, LogStore
from svc_consumer.errors import LedgerReplacedError, RejectedUnavailableError, StaleError
from svc_consumer.ledger.records import Rejection
from svc_consumer.metrics import COUNTED, DUPLICATES
from voting.stores.errors import NO_POSITION, StoreUnavailableError
from voting.stores.tally_store import TallyMove


class RejectedRecords(Protocol):
    """Where records that are not votes go."""

    async def write(self, partition: int, rejections: Sequence[Rejection]) -> None:
        """Return when Kafka has acknowledged the records; raise `RejectedUnavailableError`."""
        ...


class Projector:
    """Keeps both stores in step with the partitions of this consumer."""

    def __init__(
        self,
        log: LogStore,
        tally: CounterStore,
        rejected: RejectedRecords,
        traces: IntakeTraces | None = None,
    ) -> None:
        self._log = log
        self._log_projection = LogProjection(log)
        self._tally = tally
        self._healer = Healer(log, tally)
        self._rejected = rejected
        self._traces = traces

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

    async def take_in(self, batches: Sequence[Batch]) -> None:
        """Take batches of different partitions into both stores together.

        They have at most `voting.stores.tally_store.MAX_VOTES` records. A batch that fails has an
        `error`: `StaleError` when a store is not at the expected position, `LedgerReplacedError`
        when the records are not those of the ledger that was counted, or that of a server.
        """
        new = [batch for batch in batches if batch.read()]
        spans = self._traces.start(new) if self._traces else None
        try:
            await self._write(new, spans)
        except BaseException as error:  # cancelled: it took too long, or the service stops
            if spans:
                spans.end(error)
            raise
        if spans:
            spans.end()
        for batch in batches:
            batch.end()

    async def _write(self, new: Sequence[Batch], spans: IntakeSpans | None) -> None:
        for batch in new:
            await self._reject(batch)
        steps = {
            Write.DOCUMENTS: self._log_projection.take_in,
            Write.FENCES: self._pass_fences,
            Write.TALLY: self._count,
        }
        for write, step in steps.items():
            if rest := going(new):
                begin_ns = time_ns()
                try:
                    await step(rest)
                except StoreUnavailableError as error:
                    for batch in going(rest):
                        batch.error = error
                if spans:
                    spans.add(write, rest, begin_ns)

    async def _reject(self, batch: Batch) -> None:
        """Pass on records that are not votes, unless the tally's position is past them.

        The position passes such records only after they were written. If a batch is interrupted
        between here and the fence, its rejections are written again.
        """
        done = offset_of(batch.partition.tally_position)
        new = [rejection for rejection in batch.rejections if rejection.record.offset > done]
        if not new:
            return
        try:
            await self._rejected.write(batch.partition.number, new)
        except RejectedUnavailableError as error:
            batch.error = error

    async def _pass_fences(self, batches: Sequence[Batch]) -> None:
        """Advance the log's positions past the batches."""
        to = {batch.partition: batch.position for batch in batches}
        stopped = await pass_fences(self._log, to)
        for batch in batches:
            batch.error = stopped.get(batch.partition)

    async def _count(self, batches: Sequence[Batch]) -> None:
        """Add the winners that the tally lacks, together with the positions."""
        lacking = {batch: batch.lacking() for batch in batches if batch.is_ahead}
        if not lacking:
            return
        moves = [
            TallyMove(b.partition.number, b.partition.tally_position, b.position, votes)
            for b, votes in lacking.items()
        ]
        positions = await self._tally.advance(moves)
        for (batch, votes), stored in zip(lacking.items(), positions, strict=True):
            partition = batch.partition
            if stored != batch.position:
                where = f"the tally is at {stored}, expected {partition.tally_position}"
                batch.error = StaleError(where)
                continue
            after = offset_of(partition.tally_position)
            partition.tally_position = batch.position
            for route, count in votes.votes_by_route().items():
                COUNTED.labels(route).inc(count)
            DUPLICATES.inc(sum(copy.offset > after for copy in batch.copies) - votes.votes)
