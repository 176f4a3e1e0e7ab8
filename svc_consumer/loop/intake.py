"""Takes the records of many partitions in together, as far as they allow."""

import asyncio
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Final

from svc_consumer.counting.batch import Batch, going
from svc_consumer.counting.partition import Partition
from svc_consumer.counting.projector import Projector
from svc_consumer.ledger.reader import LedgerReader, Records
from svc_consumer.ledger.records import Record
from svc_consumer.loop.assignment import Assignment
from svc_consumer.loop.outcomes import Outcomes
from svc_consumer.metrics import BATCH_RECORDS, BATCH_SECONDS
from voting.service.logs import in_trace
from voting.stores.tally_store import MAX_VOTES
from voting.tracing.trace_context import trace_id_of

_BATCH_SECONDS: Final = 40
_AHEAD_SECONDS: Final = 0.1  # how much later the next records may arrive

# Partitions that are taken in together, with their records.
type _Group = dict[Partition, Sequence[Record]]


class Intake:
    """Takes in what a poll has brought. Partitions with few records share each call of a store."""

    def __init__(
        self,
        ledger: LedgerReader,
        projector: Projector,
        assignment: Assignment,
        outcomes: Outcomes,
    ) -> None:
        self._ledger = ledger
        self._projector = projector
        self._assignment = assignment
        self._outcomes = outcomes
        self._new = False  # whether the last poll brought records that the stores did not have

    def read_again(self) -> None:
        """Let the next poll bring the last record of each partition that has been silent.

        Otherwise `take_in` would have to leave out new ones until that record has been read.
        """
        for partition in self._assignment.synced.values():
            silent = self._assignment.is_silent(partition, _AHEAD_SECONDS)
            if self._new and silent and not partition.behind:
                self._step_back(partition)

    async def take_in(self, found: Records) -> None:
        """Take in records by partition; those of a partition that is not in step are left out."""
        self._new = False
        ready = {
            partition: records
            for number, records in found.items()
            if (partition := self._ready(number)) is not None
        }
        await asyncio.gather(*(self._take_in(group) for group in self._groups(ready)))

    def _ready(self, number: int) -> Partition | None:
        """Return a partition that goes on where it was; None if its records must be read again."""
        partition = self._assignment.synced.get(number)
        if partition is None:
            return None  # not in step: syncing will seek to the right offset
        more = number in self._ledger.polls.more
        silent = self._assignment.resumed_after_silence(partition, more=more)
        return None if silent and self._step_back(partition) else partition

    def _step_back(self, partition: Partition) -> bool:
        """Read on from the last record counted; False if there is none or that is under way."""
        back = partition.confirmed and partition.recheck()
        if back:
            self._ledger.seek(partition.number, partition.next_offset)
        return back

    def _groups(self, ready: Mapping[Partition, Sequence[Record]]) -> list[_Group]:
        """Return which partitions are taken in together: as many as their records allow.

        One that failed goes alone until it makes progress, or it could fail the others every time.
        """
        groups: list[_Group] = []
        together: _Group = {}
        room = MAX_VOTES
        for partition, records in ready.items():
            if partition.number in self._assignment.setbacks:
                groups.append({partition: records})
                continue
            if not together or len(records) > room:
                together, room = {}, MAX_VOTES
                groups.append(together)
            together[partition] = records
            room -= len(records)
        return groups

    async def _take_in(self, group: _Group) -> None:
        """Take in the records of some partitions, a batch of each at a time."""
        for partition in group:
            partition.busy = True
        try:
            for start in range(0, max(map(len, group.values())), MAX_VOTES):
                end = start + MAX_VOTES
                batches = [
                    Batch(partition, records[start:end])
                    for partition, records in group.items()
                    if self._goes_on(partition)
                ]
                if not batches:
                    return
                await self._take_in_batches(batches)
        finally:
            for partition in group:
                partition.busy = False

    def _goes_on(self, partition: Partition) -> bool:
        """Whether the next batch of a partition may be taken in."""
        if not self._assignment.has(partition):
            return False  # it failed, or was reassigned in the meantime
        if partition.heals:
            self._ledger.pause(partition.number)
        return not partition.heals

    async def _take_in_batches(self, batches: Sequence[Batch]) -> None:
        """Take in batches of different partitions; sync those again that fail."""
        start = monotonic()
        try:
            async with asyncio.timeout(_BATCH_SECONDS):
                await self._projector.take_in(batches)
        except TimeoutError as error:
            for batch in going(batches):
                batch.error = error
        example = next(filter(None, (batch.traceparent for batch in batches)), None)
        BATCH_SECONDS.observe(
            monotonic() - start, {"trace_id": trace_id_of(example)} if example else None
        )
        for batch in batches:
            if batch.error is not None:
                with in_trace(batch.traceparent):
                    self._outcomes.set_back(batch.partition, batch.error)
        for batch in going(batches):
            self._new = self._new or batch.is_new
            BATCH_RECORDS.observe(len(batch.records))
            self._assignment.confirm(batch.partition)
            self._outcomes.made_progress(batch.partition)
