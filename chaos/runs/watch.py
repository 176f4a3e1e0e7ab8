"""Waits until the system is well again, and starts what ended by itself, as a cluster would."""

import asyncio
import time
from collections import Counter
from typing import Final

from aiokafka.errors import KafkaError

from harness.promise.stores_reader import Positions, StoresReader
from harness.system.weakened import WeakenedSystem
from harness.voters.sent_votes import SentVotes
from voting.stores.errors import StoreUnavailableError

_POLL_S: Final = 0.2
_CALM_READINGS: Final = 3


class NotRecoveredError(Exception):
    """The system is not well again in time; the text says what is wrong."""


class Watch:
    """Looks at a system from outside."""

    def __init__(
        self, system: WeakenedSystem, reader: StoresReader, sent_votes: SentVotes, lag: int
    ) -> None:
        """`lag` is how many records a store may lack while all is well."""
        self.ended: Counter[str] = Counter()
        self._system = system
        self._reader = reader
        self._sent_votes = sent_votes
        self._lag = lag
        self._unreadable = ""

    async def recovered(self, since: float, limit_s: float) -> float:
        """Return when (monotonic) the system was well again after the moment `since`.

        Well means that both routes acknowledge and both stores keep up. Raises
        NotRecoveredError after `limit_s` seconds.
        """
        end, calm = time.monotonic() + limit_s, list[float]()
        while len(calm) < _CALM_READINGS:
            positions = await self._positions()
            alive = self._sent_votes.alive_since(since)
            if alive and positions and positions.lag <= self._lag:
                calm.append(time.monotonic())
            else:
                calm.clear()
            if time.monotonic() > end:
                raise NotRecoveredError(f"routes alive: {alive}, {positions or self._unreadable}")
            await asyncio.sleep(_POLL_S)
        return calm[0]

    async def in_step(self, limit_s: float) -> float:
        """Return when both stores have all that the ledger has; errors as `recovered`."""
        end, calm = time.monotonic() + limit_s, list[float]()
        while len(calm) < _CALM_READINGS:
            positions = await self._positions()
            if positions and positions.in_step:
                calm.append(time.monotonic())
            else:
                calm.clear()
            if time.monotonic() > end:
                raise NotRecoveredError(str(positions or self._unreadable))
            await asyncio.sleep(_POLL_S)
        return calm[0]

    async def _positions(self) -> Positions | None:
        await asyncio.to_thread(self._start_what_ended)
        try:
            return await self._reader.positions()
        except (KafkaError, OSError, StoreUnavailableError) as error:
            self._unreadable = f"{type(error).__name__}: {error}"
            return None

    def _start_what_ended(self) -> None:
        for server in self._system.servers:
            if not server.running:
                self.ended[server.name] += 1
                server.start()
