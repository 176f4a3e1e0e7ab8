"""Reads the stores once for all watchers and gives each of them the newest frame."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, Final

from svc_results.feed.frame import HEARTBEAT, Event, Frame
from svc_results.feed.metrics import FRAMES_DROPPED, FRAMES_SENT, WATCHERS
from svc_results.feed.source import Source
from svc_results.result.newest_votes import rfc3339
from svc_results.result.ranking import Ranking
from svc_results.result.rates import RateMeter
from svc_results.result.snapshot import (
    LOG_AWAY,
    TALLY_AWAY,
    Unavailable,
    shows_the_same,
    take_snapshot,
)
from voting.service.lifecycle import Readiness
from voting.stores.logged_vote import LoggedVote

# The pause between readings while nobody watches: short enough for readiness, and for current
# rates as soon as someone watches.
IDLE_SECONDS: Final = 1.0
HEARTBEAT_SECONDS: Final = 15.0


class Feed:
    """One reader of the stores, shared by all watchers.

    While the stores answer, `snapshot` is at most `IDLE_SECONDS` plus one reading old. A watcher
    that cannot keep up misses frames: nothing is queued.
    """

    def __init__(
        self,
        tally: Source[Ranking],
        log: Source[list[LoggedVote]],
        readiness: Readiness,
        refresh_seconds: float,
    ) -> None:
        self.snapshot = take_snapshot(None, None, RateMeter(), (), Unavailable())
        self._frame = Frame(0, self.snapshot)
        self.watchers = 0
        self._tally = tally
        self._log = log
        self._readiness = readiness
        self._refresh_seconds = refresh_seconds
        self._rates = RateMeter()
        self._read_at: str | None = None
        self._changed = asyncio.Event()
        self._closed = False

    @property
    def ranking(self) -> Ranking | None:
        """The ranking as last read; None before the first reading."""
        return self._tally.value

    async def run(self) -> None:
        """Read until cancelled."""
        # The first snapshot has both parts.
        await asyncio.gather(self._tally.refresh(), self._log.refresh())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._repeat(self.read_tally, self._tally))
            tasks.create_task(self._repeat(self.read_vote_log, self._log))

    async def read_tally(self) -> None:
        """Read the tally, then publish the newest snapshot."""
        if await self._tally.refresh() and self._tally.value is not None:
            self._read_at = rfc3339(time.time())
            self._rates.add(time.monotonic(), self._tally.value.routes)
        self._publish()

    async def read_vote_log(self) -> None:
        """Read the newest votes; the next frame shows them."""
        await self._log.refresh()

    async def watch(self) -> AsyncGenerator[Event]:
        """Yield the newest frame whenever it changes, and heartbeats while it does not.

        Ends when the feed is closed.
        """
        self.watchers += 1
        WATCHERS.inc()
        shown: int | None = None  # the number only, so that a slow watcher keeps no frame alive
        try:
            while not self._closed:
                if shown != self._frame.number:
                    if shown is not None:
                        FRAMES_DROPPED.inc(self._frame.number - shown - 1)
                    shown = self._frame.number
                    FRAMES_SENT.inc()
                    yield self._frame
                elif not await self._wait_for_change():
                    yield HEARTBEAT
        finally:
            self.watchers -= 1
            WATCHERS.dec()

    def close(self) -> None:
        """End every watcher's stream."""
        self._closed = True
        self._wake()

    async def _repeat(self, read: Callable[[], Awaitable[None]], source: Source[Any]) -> None:
        while True:
            await read()
            pause = self._refresh_seconds if self.watchers else IDLE_SECONDS
            await asyncio.sleep(max(pause, source.rest))

    async def _wait_for_change(self) -> bool:
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def _publish(self) -> None:
        self._set_readiness()
        unavailable = Unavailable(
            TALLY_AWAY if self._tally.problem else None, LOG_AWAY if self._log.problem else None
        )
        self.snapshot = take_snapshot(
            self._read_at, self._tally.value, self._rates, self._log.value or (), unavailable
        )
        if not shows_the_same(self.snapshot, self._frame.snapshot):
            self._frame = Frame(self._frame.number + 1, self.snapshot)
            self._wake()

    def _set_readiness(self) -> None:
        problems = [source.problem for source in (self._tally, self._log) if source.problem]
        if problems:
            self._readiness.set_not_ready("; ".join(problems))
        else:
            self._readiness.set_ready()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
