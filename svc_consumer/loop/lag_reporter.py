"""Reports the lag to Prometheus and Kafka, and notices when Kafka does not answer."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping
from typing import Final

from svc_consumer.errors import KAFKA
from svc_consumer.ledger.reader import LedgerReader
from svc_consumer.loop.assignment import Assignment
from svc_consumer.loop.waiting import Waiting
from svc_consumer.metrics import LAG
from voting.ledger.errors import LedgerUnavailableError

_log = logging.getLogger(__name__)

_PERIOD_SECONDS: Final = 2.0
_STUCK_SECONDS: Final = 20.0


class LagReporter:
    """Reports the lag, even while a store is away or a partition is halted.

    What it commits to Kafka serves lag metrics only; it decides nothing about what is read.
    """

    def __init__(
        self,
        ledger: LedgerReader,
        assignment: Assignment,
        waiting: Waiting,
        renew: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`renew` replaces the connections of the ledger."""
        self._ledger = ledger
        self._assignment = assignment
        self._waiting = waiting
        self._renew = renew
        self._clock = clock
        self._answered = clock()
        self._shown: set[int] = set()
        self._committed: dict[int, int] = {}

    async def run(self) -> None:
        """Report until cancelled."""
        while True:
            await asyncio.sleep(_PERIOD_SECONDS)
            await self.report()

    async def report(self) -> None:
        """Ask Kafka for the end offsets, then update the metrics and the committed offsets."""
        try:
            ends = await self._ledger.end_offsets()
        except LedgerUnavailableError as error:
            _log.debug("cannot report the lag: %s", error)
            self._waiting.down(KAFKA, str(error))
            await self._renew_if_stuck()
        else:
            self._answered = self._clock()
            self._waiting.up(KAFKA)
            self._show(ends, await self._reached(ends))
            await self._commit()

    async def _renew_if_stuck(self) -> None:
        """Replace connections on which Kafka no longer answers, if it does on a new one.

        An unexpected error in a background task of aiokafka leaves them in that state.
        """
        if self._clock() - self._answered > _STUCK_SECONDS and await self._ledger.reachable():
            _log.warning(
                "Kafka responds on a new connection but not on the consumer's: replacing it"
            )
            self._answered = self._clock()
            self._renew()

    async def _reached(self, ends: Collection[int]) -> dict[int, int]:
        """Return the next offsets; the committed ones for partitions not in step so far.

        Partitions without either are left out.
        """
        unknown = set(ends) - self._assignment.reached.keys()
        committed: dict[int, int] = {}
        if unknown:
            try:
                committed = await self._ledger.last_committed(unknown)
            except LedgerUnavailableError as error:
                _log.info("cannot read the committed offsets: %s", error)
        return committed | self._assignment.reached

    def _show(self, ends: Mapping[int, int], reached: Mapping[int, int]) -> None:
        for number, partition in self._assignment.synced.items():
            partition.end_offset = ends.get(number, partition.end_offset)
        shown = ends.keys() & reached.keys()
        for number in shown:
            LAG.labels(number).set(max(0, ends[number] - reached[number]))
        for number in self._shown - shown:
            LAG.remove(number)
        self._shown = shown

    async def _commit(self) -> None:
        offsets = self._assignment.reached
        if offsets == self._committed:
            return
        try:
            await self._ledger.commit(offsets)
        except LedgerUnavailableError as error:
            # The group is probably rebalancing. Nothing depends on this commit.
            _log.info("cannot commit offsets for the lag metrics: %s", error)
        else:
            self._committed = offsets
