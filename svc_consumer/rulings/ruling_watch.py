"""Applies rulings to the tally, and again whenever it has lost what they take."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final, Protocol

from svc_consumer.counting.excluder import Excluder
from svc_consumer.metrics import RULINGS_WAIT
from voting.ledger.errors import EndsUnknownError, LedgerUnavailableError
from voting.polls.known_polls import KnownPolls
from voting.service.backoff import Backoff
from voting.stores.errors import StoreUnavailableError

_log = logging.getLogger(__name__)

_FIRST_PARTITION: Final = 0
_PERIOD_SECONDS: Final = 1.0
_WAITING_SECONDS: Final = 0.25  # while a ruling waits to be applied
_LONGEST_PAUSE_SECONDS: Final = 10.0

_EXPECTED: Final = (EndsUnknownError, LedgerUnavailableError, StoreUnavailableError)


class Assigned(Protocol):
    """Which partitions the group assigns to this consumer; `LedgerReader` knows."""

    @property
    def assigned(self) -> Sequence[int]:
        """Their numbers."""
        ...


class RulingWatch:
    """Looks about once a second; only the consumer that has the first partition does so.

    Two at once, as during a rebalance, are harmless. `known` is kept up to date elsewhere.
    """

    def __init__(self, ledger: Assigned, known: KnownPolls, excluder: Excluder | None) -> None:
        self._ledger = ledger
        self._known = known
        self._excluder = excluder
        self._pauses = Backoff(_PERIOD_SECONDS, _LONGEST_PAUSE_SECONDS)
        self._failing = False

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            done = await self.check()
            pause = _PERIOD_SECONDS if done else _WAITING_SECONDS
            await asyncio.sleep(self._pauses.pause() if self._failing else pause)

    async def check(self) -> bool:
        """Apply what can be applied; return whether nothing is left to do."""
        done = True
        try:
            if self._excluder is not None and _FIRST_PARTITION in self._ledger.assigned:
                done = await self._excluder.apply(self._known.book.polls.values())
        except _EXPECTED as error:
            level = logging.DEBUG if self._failing else logging.WARNING
            _log.log(level, "cannot apply rulings to the tally: %s", error)
            self._failing, done = True, False
        else:
            self._failing = False
            self._pauses.reset()
        RULINGS_WAIT.set(not done)
        return done
