"""The consumer: writes the records of its partitions to both stores until it is stopped."""

import asyncio
import logging
from typing import Final

from svc_consumer.counting.partition import Partition
from svc_consumer.counting.projector import Projector
from svc_consumer.errors import (
    KAFKA,
    REJECTED,
    LedgerReplacedError,
    RejectedUnavailableError,
    StaleError,
    server_of,
)
from svc_consumer.ledger.reader import LedgerReader
from svc_consumer.loop.assignment import Assignment
from svc_consumer.loop.intake import Intake
from svc_consumer.loop.outcomes import STORES, Outcomes
from svc_consumer.loop.progress import Progress
from svc_consumer.loop.waiting import Waiting
from voting.ledger.errors import LedgerUnavailableError, OutsideLedgerError
from voting.service.backoff import Backoff
from voting.stores.errors import StoreUnavailableError

_log = logging.getLogger(__name__)

SERVERS: Final = (KAFKA, *STORES)

_FIRST_PAUSE_SECONDS: Final = 0.3
_LONGEST_PAUSE_SECONDS: Final = 2.0
_SYNC_SECONDS: Final = 30
# How long to wait for records: something else may be due sooner unless all partitions are in step.
_CALM_SECONDS: Final = 1.0
_BUSY_SECONDS: Final = 0.2
_HEAL_SECONDS: Final = 40

_EXPECTED: Final = (
    StaleError,
    LedgerReplacedError,
    LedgerUnavailableError,
    RejectedUnavailableError,
    StoreUnavailableError,
    TimeoutError,
)


class Consumer:
    """Reads the ledger and writes its records to the stores."""

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
        self._outcomes = Outcomes(assignment, waiting, progress)
        self._intake = Intake(ledger, projector, assignment, self._outcomes)
        self._pauses = Backoff(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)  # without Kafka
        self._renew = False
        self.between_batches = asyncio.Lock()

    def renew(self) -> None:
        """Leave the group between two batches and join it again on new connections."""
        self._renew = True
        self._ledger.polls.wake()

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
        if await self._ledger.polls.gather():
            self._intake.read_again()
        try:
            found = await self._ledger.poll(_CALM_SECONDS if self._calm() else _BUSY_SECONDS)
        except OutsideLedgerError as error:
            self._halt_outside(error)
        except LedgerUnavailableError as error:
            _log.debug("cannot poll Kafka: %s", error)
            await asyncio.sleep(_FIRST_PAUSE_SECONDS)  # no request: aiokafka reconnects by itself
        else:
            if found:
                async with self.between_batches:
                    await self._intake.take_in(found)
            elif self._idle():
                self._outcomes.mark_stores_up()

    def _calm(self) -> bool:
        """Whether there is nothing to do until records arrive."""
        return not self._waiting and len(self._assignment.synced) == len(self._ledger.assigned)

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
            self._outcomes.mark_down(error)
        else:
            if generation == self._ledger.generation:  # otherwise it may have been reassigned
                self._assignment.add(partition)
                if not partition.heals:
                    self._ledger.seek(number, partition.next_offset)

    async def _heal(self, partition: Partition) -> None:
        """Heal a tally that is behind by one step; once it is level, read on in the ledger."""
        partition.busy = True
        try:
            async with asyncio.timeout(_HEAL_SECONDS):
                await self._projector.heal(partition)
        except _EXPECTED as error:
            self._outcomes.set_back(partition, error)
        else:
            self._outcomes.made_progress(partition)
            if self._assignment.has(partition) and not partition.behind:
                self._ledger.seek(partition.number, partition.next_offset)
        finally:
            partition.busy = False

    def _halt_outside(self, error: OutsideLedgerError) -> None:
        for number, offset in error.offsets.items():
            partition = self._assignment.synced.get(number)
            if partition is not None and partition.next_offset == offset:
                reason = f"it has no record at offset {offset}, the last one counted"
                self._assignment.drop(partition, LedgerReplacedError(reason))
