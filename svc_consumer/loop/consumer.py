"""The consumer: writes the records of its partitions to both stores until it is stopped."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from svc_consumer.counting.partition import Partition
from svc_consumer.counting.projector import Projector
from svc_consumer.errors import (
    KAFKA,
    REJECTED,
    LedgerReplacedError,
    LedgerUnavailableError,
    RejectedUnavailableError,
    StaleError,
    server_of,
)
from svc_consumer.ledger.reader import LedgerReader, OutsideLedgerError, Records
from svc_consumer.ledger.records import Record
from svc_consumer.loop.assignment import Assignment
from svc_consumer.loop.progress import Progress
from svc_consumer.loop.waiting import Waiting
from svc_consumer.metrics import BATCH_RECORDS, BATCH_SECONDS
from voting.service.backoff import Backoff
from voting.stores import tally_store, vote_log
from voting.stores.errors import StoreUnavailableError

_log = logging.getLogger(__name__)

_STORES: Final = (vote_log.STORE, tally_store.STORE)
SERVERS: Final = (KAFKA, *_STORES)

_FIRST_PAUSE_SECONDS: Final = 0.3
_LONGEST_PAUSE_SECONDS: Final = 2.0
_SYNC_SECONDS: Final = 30
_BATCH_SECONDS: Final = 40

_EXPECTED: Final = (
    StaleError,
    LedgerReplacedError,
    LedgerUnavailableError,
    RejectedUnavailableError,
    StoreUnavailableError,
    TimeoutError,
)


class Consumer:
    """Reads the ledger and writes its records to the stores, partition by partition."""

    def __init__(
        self,
        ledger: LedgerReader,
        projector: Projector,
        assignment: Assignment,
        waiting: Waiting,
        progress: Progress,
    ) -> None:
        self._ledger = ledger
        self._projector = projector
        self._assignment = assignment
        self._waiting = waiting
        self._progress = progress
        self._pauses = Backoff(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)  # without Kafka
        self._renew = False
        self.between_batches = asyncio.Lock()

    def renew(self) -> None:
        """Leave the group between two batches and join it again on new connections."""
        self._renew = True

    async def connect(self) -> None:
        """Return when Kafka is available, however long that takes."""
        while True:
            try:
                await self._ledger.start()
            except LedgerUnavailableError as error:
                self._waiting.down(KAFKA, str(error))
                self._progress.note()
                await asyncio.sleep(self._pauses.pause())
            else:
                self._pauses.reset()
                self._waiting.up(KAFKA)
                return

    async def run(self) -> None:
        """Count until cancelled. To cancel between two batches, hold `between_batches`."""
        while True:
            if self._renew:
                await self._ledger.stop()
                self._assignment.clear()
                await self.connect()
                self._renew = False
            await self._sync_assigned()
            healing = [p for p in self._assignment.synced.values() if p.heals]
            await asyncio.gather(self._poll(), *(self._heal(p) for p in healing))
            if not self._assignment.setbacks.waits_for(REJECTED):
                self._waiting.up(REJECTED)
            if self._waiting:
                self._progress.note()

    async def _poll(self) -> None:
        """Take in the records that have arrived, if any."""
        try:
            found = await self._ledger.poll()
        except OutsideLedgerError as error:
            self._halt_outside(error)
        except LedgerUnavailableError as error:
            _log.debug("cannot poll Kafka: %s", error)
            await asyncio.sleep(_FIRST_PAUSE_SECONDS)  # no request: aiokafka reconnects by itself
        else:
            if found:
                await self._take_in_all(found)
            elif self._idle():
                self._mark_stores_up()

    def _idle(self) -> bool:
        """Whether every partition is either in step with no records left, or halted."""
        if not self._ledger.generation:
            return False
        synced = self._assignment.synced
        return all(
            number in synced or self._assignment.halted(number) for number in self._ledger.assigned
        ) and not any(partition.lag for partition in synced.values())

    async def _sync_assigned(self) -> None:
        """Sync the assigned partitions that are not in step and are due."""
        missing = [p for p in self._ledger.assigned if p not in self._assignment.synced]
        for number in missing:
            self._ledger.pause(number)
        due = [number for number in missing if self._may_sync(number)]
        await asyncio.gather(*(self._sync(number) for number in due))

    def _may_sync(self, number: int) -> bool:
        return not self._assignment.halted(number) and self._assignment.setbacks.due(number)

    async def _sync(self, number: int) -> None:
        generation = self._ledger.generation
        try:
            async with asyncio.timeout(_SYNC_SECONDS):
                partition = await self._projector.sync(number, self._ledger.partitions)
        except LedgerReplacedError as error:
            if generation == self._ledger.generation:
                self._assignment.halt(number, error)
        except _EXPECTED as error:
            _log.debug("partition %d: cannot sync: %s", number, error)
            if generation == self._ledger.generation:
                self._assignment.setbacks.note(number, server_of(error))
            self._mark_down(error)
        else:
            if generation == self._ledger.generation:  # otherwise it may have been reassigned
                self._assignment.add(partition)
                if not partition.heals:
                    self._ledger.seek(number, partition.next_offset)

    async def _heal(self, partition: Partition) -> None:
        """Heal a tally that is behind by one step; once it is level, read on in the ledger."""
        partition.busy = True
        try:
            async with asyncio.timeout(_BATCH_SECONDS):
                await self._projector.heal(partition)
        except _EXPECTED as error:
            self._set_back(partition, error)
        else:
            self._made_progress(partition)
            if self._still_assigned(partition) and not partition.behind:
                self._ledger.seek(partition.number, partition.next_offset)
        finally:
            partition.busy = False

    def _still_assigned(self, partition: Partition) -> bool:
        """Whether this is still the current assignment of the partition."""
        return self._assignment.synced.get(partition.number) is partition

    async def _take_in_all(self, found: Records) -> None:
        async with self.between_batches:
            await asyncio.gather(*(self._take_in(*batches) for batches in found.items()))

    async def _take_in(self, number: int, records: Sequence[Record]) -> None:
        """Take in the records of one partition; on an error, sync it again."""
        partition = self._assignment.synced.get(number)
        if partition is None:
            return  # not in step: syncing will seek to the right offset
        more = number in self._ledger.more
        silent = self._assignment.resumed_after_silence(partition, more=more)
        if silent and partition.confirmed and partition.recheck():
            self._ledger.seek(number, partition.next_offset)  # back to the last record counted
            return
        partition.busy = True
        try:
            for start in range(0, len(records), tally_store.MAX_VOTES):
                if not self._still_assigned(partition):
                    return  # reassigned in the meantime
                if partition.heals:
                    self._ledger.pause(number)
                    return
                batch = records[start : start + tally_store.MAX_VOTES]
                async with asyncio.timeout(_BATCH_SECONDS):
                    with BATCH_SECONDS.time():
                        await self._projector.take_in(partition, batch)
                BATCH_RECORDS.observe(len(batch))
                self._assignment.confirm(partition)
                self._made_progress(partition)
        except _EXPECTED as error:
            self._set_back(partition, error)
        finally:
            partition.busy = False

    def _made_progress(self, partition: Partition) -> None:
        """Note that records of a partition were taken in or its tally was healed by a step."""
        if self._still_assigned(partition):
            self._assignment.setbacks.settle(partition)
        self._mark_stores_up()

    def _set_back(self, partition: Partition, error: Exception) -> None:
        """Note that a partition failed, and drop it, to be synced again."""
        self._mark_down(error)
        assigned = self._still_assigned(partition)
        self._assignment.drop(partition, error)
        if assigned and not isinstance(error, LedgerReplacedError):
            if server := server_of(error):
                self._assignment.setbacks.note(partition.number, server, partition)
            else:
                self._assignment.setbacks.note_stale(partition)

    def _mark_stores_up(self) -> None:
        """Stop waiting for the stores, except for one whose refused writes are still pending."""
        setbacks = self._assignment.setbacks
        self._waiting.up(*(store for store in _STORES if not setbacks.waits_for(store)))
        self._progress.note()

    def _halt_outside(self, error: OutsideLedgerError) -> None:
        for number, offset in error.offsets.items():
            partition = self._assignment.synced.get(number)
            if partition is not None and partition.next_offset == offset:
                reason = f"it has no record at offset {offset}, the last one counted"
                self._assignment.drop(partition, LedgerReplacedError(reason))

    def _mark_down(self, error: Exception) -> None:
        server = server_of(error)
        if not server:
            return
        reason = error.reason if isinstance(error, StoreUnavailableError) else str(error)
        self._waiting.down(server, reason)
        setbacks = self._assignment.setbacks
        if server == tally_store.STORE and not setbacks.waits_for(vote_log.STORE):
            self._waiting.up(vote_log.STORE)  # it is written first, so it has answered
        elif server == REJECTED:
            # Both stores were written when the partition was synced.
            self._waiting.up(*(store for store in _STORES if not setbacks.waits_for(store)))
