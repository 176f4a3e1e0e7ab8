"""Tells Prometheus and Kafka how far the partitions got, and notices when Kafka is away."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from svc_consumer.assignment import Assignment
from svc_consumer.consumer import KAFKA
from svc_consumer.errors import LedgerUnavailableError
from svc_consumer.ledger import Ledger
from svc_consumer.metrics import LAG
from svc_consumer.waiting import Waiting

_log = logging.getLogger(__name__)

_PERIOD_SECONDS: Final = 2.0
_STUCK_SECONDS: Final = 20.0


class Bookkeeper:
    """Keeps the lag known. What it commits to Kafka is for lag metrics only, never read back."""

    def __init__(
        self,
        ledger: Ledger,
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
        """Keep books until cancelled."""
        while True:
            await asyncio.sleep(_PERIOD_SECONDS)
            await self.keep()

    async def keep(self) -> None:
        """Ask Kafka for the ends of the partitions, and tell how far we are."""
        try:
            ends = await self._ledger.end_offsets()
        except LedgerUnavailableError as error:
            _log.debug("books: %s", error)
            self._waiting.down(KAFKA, str(error))
            await self._renew_if_stuck()
        else:
            self._answered = self._clock()
            self._waiting.up(KAFKA)
            self._show(ends)
            await self._commit()

    async def _renew_if_stuck(self) -> None:
        """Replace connections on which Kafka answers no more, if it does on a new one.

        Background tasks of aiokafka that end by an error unforeseen leave it like that.
        """
        if self._clock() - self._answered > _STUCK_SECONDS and await self._ledger.reachable():
            _log.warning("Kafka answers on a new connection only: replacing the consumer's")
            self._answered = self._clock()
            self._renew()

    def _show(self, ends: dict[int, int]) -> None:
        for number, partition in self._assignment.synced.items():
            if number in ends:
                partition.end_offset = ends[number]
                LAG.labels(number).set(partition.lag)
        for number in self._shown - ends.keys():
            LAG.remove(number)
        self._shown = set(ends)

    async def _commit(self) -> None:
        offsets = {n: p.next_offset for n, p in self._assignment.synced.items()}
        if offsets == self._committed:
            return
        try:
            await self._ledger.commit(offsets)
        except LedgerUnavailableError as error:
            # The group is being rebalanced, most likely. Nothing depends on it.
            _log.info("could not commit offsets for the lag metrics: %s", error)
        else:
            self._committed = offsets
