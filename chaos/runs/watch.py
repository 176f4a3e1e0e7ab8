"""Waits until the system has recovered, and restarts what ended, as a cluster would."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from aiokafka.errors import KafkaError

from harness.processes.waiting import until
from harness.promise.ledger_reader import read_polls
from harness.promise.stores_reader import Positions, StoresReader
from harness.system.weakened import WeakenedSystem
from harness.voters.sent_votes import SentVotes
from voting.stores.errors import StoreUnavailableError

_POLL_SECONDS: Final = 0.2
_CALM_READINGS: Final = 3


class NotRecoveredError(Exception):
    """The system has not recovered in time; the text says what is wrong."""


class Watch:
    """Watches a system from outside."""

    def __init__(
        self, system: WeakenedSystem, reader: StoresReader, sent_votes: SentVotes, lag: int
    ) -> None:
        """`lag` is how many records a store may lack in normal operation."""
        self.ended: Counter[str] = Counter()
        self._system = system
        self._reader = reader
        self._sent_votes = sent_votes
        self._lag = lag
        self._seen = ""

    async def recovered(self, since: float, limit_seconds: float) -> float:
        """Return when (monotonic) the system had recovered after the moment `since`.

        Recovered means that both routes acknowledge and both stores keep up. Raises
        NotRecoveredError after `limit_seconds`.
        """

        def is_well(positions: Positions) -> bool:
            return self._sent_votes.alive_since(since) and positions.lag <= self._lag

        def seen() -> str:
            return f"routes alive: {self._sent_votes.alive_since(since)}, {self._seen}"

        return await self._calm(is_well, seen, limit_seconds)

    async def in_step(self, limit_seconds: float) -> float:
        """Return when both stores have all that the ledger has; errors: see `recovered`."""
        return await self._calm(
            lambda positions: positions.in_step, lambda: self._seen, limit_seconds
        )

    async def cut(self, closed_at_ms: int, limit_seconds: float) -> None:
        """Return when each poll that was closed at this time is cut; errors: see `recovered`."""
        uncut: list[str] = []

        async def all_are_cut() -> bool:
            await asyncio.to_thread(self._start_what_ended)
            polls = await read_polls(self._system.bootstrap_servers)
            uncut[:] = [p.id for p in polls.values() if p.cut is None and p.is_closed(closed_at_ms)]
            return not uncut

        await until(
            all_are_cut,
            lambda: f"closed, but not cut: {', '.join(uncut)}",
            limit_seconds,
            error=NotRecoveredError,
            longest_pause_seconds=_POLL_SECONDS,
        )

    async def _calm(
        self, is_well: Callable[[Positions], bool], seen: Callable[[], str], limit_seconds: float
    ) -> float:
        """Return the moment of the first of several good readings in a row."""
        calm: list[float] = []

        async def is_calm() -> bool:
            positions = await self._positions()
            if positions and is_well(positions):
                calm.append(time.monotonic())
            else:
                calm.clear()
            return len(calm) == _CALM_READINGS

        await until(
            is_calm,
            seen,
            limit_seconds,
            error=NotRecoveredError,
            first_pause_seconds=_POLL_SECONDS,
            longest_pause_seconds=_POLL_SECONDS,
        )
        return calm[0]

    async def _positions(self) -> Positions | None:
        await asyncio.to_thread(self._start_what_ended)
        try:
            positions = await self._reader.positions()
        except (KafkaError, OSError, StoreUnavailableError) as error:
            self._seen = f"{type(error).__name__}: {error}"
            return None
        self._seen = str(positions)
        return positions

    def _start_what_ended(self) -> None:
        for server in self._system.servers:
            if not server.running:
                self.ended[server.name] += 1
                server.start()
