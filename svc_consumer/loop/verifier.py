"""Notices losses without traffic: reads the positions of both stores about once a second."""

import asyncio
from collections.abc import Callable
from typing import Final

from svc_consumer.counting.partition import Partition
from svc_consumer.counting.store_protocols import CounterStore, LogStore
from svc_consumer.errors import StaleError
from svc_consumer.loop.assignment import Assignment
from svc_consumer.loop.waiting import Waiting
from voting.stores.errors import StoreUnavailableError
from voting.stores.vote_log import StoredPosition

_PERIOD_SECONDS: Final = 1.0


class Verifier:
    """Compares the stored positions with those that the consumer expects.

    It runs beside the main loop, which may block while the group rebalances.
    """

    def __init__(
        self,
        log: LogStore,
        tally: CounterStore,
        assignment: Assignment,
        waiting: Waiting,
        wake: Callable[[], None],
    ) -> None:
        """`wake` makes the main loop sync what was dropped."""
        self._log = log
        self._tally = tally
        self._assignment = assignment
        self._waiting = waiting
        self._wake = wake

    async def run(self) -> None:
        """Verify until cancelled."""
        while True:
            await asyncio.sleep(_PERIOD_SECONDS)
            await self.verify()

    async def verify(self) -> None:
        """Drop every partition whose stored positions are not as expected."""
        expected = {
            partition: (partition.log_position, partition.tally_position)
            for partition in self._assignment.synced.values()
            if not partition.busy
        }
        if not expected:
            return
        numbers = [partition.number for partition in expected]
        try:
            counted = await self._tally.positions(numbers)
            logged = await self._log.positions(numbers)
        except StoreUnavailableError as error:
            self._waiting.down(error.store, error.reason)
            for partition in expected:
                self._drop(partition, error)
            return
        for partition, positions in expected.items():
            if partition.busy or positions != (partition.log_position, partition.tally_position):
                continue  # advanced in the meantime; the stores compare positions themselves
            difference = _difference(
                partition, logged.get(partition.number), counted[partition.number]
            )
            if difference is not None:
                self._drop(partition, StaleError(difference))

    def _drop(self, partition: Partition, error: Exception) -> None:
        self._assignment.drop(partition, error)
        self._wake()


def _difference(
    partition: Partition, logged: StoredPosition | None, tally_position: str
) -> str | None:
    """Return how the stores differ from what is expected; None if they do not."""
    if tally_position != partition.tally_position:
        return f"the tally is at {tally_position}, expected {partition.tally_position}"
    if logged is None:
        return "the vote log has lost its position"
    if logged.position != partition.log_position:
        return f"the vote log is at {logged.position}, expected {partition.log_position}"
    if logged.owner != partition.owner:
        return "another consumer has claimed it"
    return None
