"""Reads the tally while people vote, to find out when votes became visible in it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Protocol

import msgspec

from voting.domain.vote import Route
from voting.stores.errors import StoreUnavailableError

_INTERVAL_SECONDS: Final = 0.02


class RouteCounts(Protocol):
    """The part of `TallyStore` that is needed here."""

    async def route_votes(self, poll: str = "") -> dict[Route, int]: ...  # noqa: D102


class Reading(msgspec.Struct, frozen=True):
    """How many votes of each route the tally had at a Unix time."""

    at: float
    votes: dict[Route, int]


class TallyWatch:
    """Readings of the tally. `gap` is the reason why they are incomplete, else None."""

    def __init__(self, tallies: RouteCounts, poll: str = "") -> None:
        """`poll` is the one whose votes are watched, empty for the open poll."""
        self._tallies = tallies
        self._poll = poll
        self.readings: list[Reading] = []
        self.gap: str | None = None

    async def read(self) -> None:
        """Take one reading. Its time is that of the answer: by then the votes were visible."""
        votes = await self._tallies.route_votes(self._poll)
        self.readings.append(Reading(time.time(), votes))

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Take a reading before the block, and one every 20 ms while it runs.

        Raises `StoreUnavailableError` when the first fails; a later failure ends the watch.
        """
        await self.read()
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _watch(self) -> None:
        try:
            while True:
                await asyncio.sleep(_INTERVAL_SECONDS)
                await self.read()
        except StoreUnavailableError as error:
            self.gap = str(error)
