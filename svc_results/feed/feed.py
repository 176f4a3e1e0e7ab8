"""Reads the stores once for all watchers and gives each of them the newest frame."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any, Final

from svc_results.feed.broadcast import Broadcast
from svc_results.feed.frame import Event
from svc_results.feed.source import Source
from svc_results.result.ranking import Ranking
from svc_results.result.rates import RateMeter
from svc_results.result.snapshot import (
    LOG_AWAY,
    TALLY_AWAY,
    Unavailable,
    shows_the_same,
    take_snapshot,
)
from voting.domain.times import to_rfc3339
from voting.domain.vote import Route
from voting.service.clock_watch import now_ms
from voting.service.lifecycle import Readiness
from voting.stores.logged_vote import LoggedVote

# The pause between readings while nobody watches: short enough for readiness, and for current
# rates as soon as someone watches.
IDLE_SECONDS: Final = 1.0
# Every vote is in the vote log before it is in the tally. So while nobody watches, the log is read
# only when the tally has changed, and this often otherwise: it may be lost, or away.
LOOK_AGAIN_SECONDS: Final = 5.0


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
        self._broadcast = Broadcast(self.snapshot)
        self._tally = tally
        self._log = log
        self._readiness = readiness
        self._refresh_seconds = refresh_seconds
        self._rates = RateMeter()
        self._read_at: str | None = None
        self._shown: Mapping[Route, int] | None = None  # the tally's votes when the log was read
        self._look_again_at = 0.0

    @property
    def watchers(self) -> int:
        """How many watchers there are."""
        return self._broadcast.watchers

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
            tasks.create_task(self._repeat(self._read_vote_log_if_due, self._log))

    async def read_tally(self) -> None:
        """Read the tally, then publish the newest snapshot."""
        if await self._tally.refresh() and self._tally.value is not None:
            self._read_at = to_rfc3339(now_ms())
            self._rates.add(time.monotonic(), self._tally.value.routes)
        self._publish()

    async def read_vote_log(self) -> None:
        """Read the newest votes; the next frame shows them."""
        await self._log.refresh()

    def watch(self) -> AsyncGenerator[Event]:
        """Yield the newest frame whenever it changes, and heartbeats while it does not.

        Ends when the feed is closed.
        """
        return self._broadcast.watch()

    def close(self) -> None:
        """End every watcher's stream."""
        self._broadcast.close()

    async def _read_vote_log_if_due(self) -> None:
        votes = self._tally.value.routes if self._tally.value else None
        unchanged = votes == self._shown and not (self._tally.problem or self._log.problem)
        if unchanged and not self.watchers and time.monotonic() < self._look_again_at:
            return
        await self.read_vote_log()
        if not self.watchers:
            self._publish()  # there may be no further frame that would show them
        self._shown = votes
        self._look_again_at = time.monotonic() + LOOK_AGAIN_SECONDS

    async def _repeat(self, read: Callable[[], Awaitable[None]], source: Source[Any]) -> None:
        while True:
            await read()
            pause = self._refresh_seconds if self.watchers else IDLE_SECONDS
            await asyncio.sleep(max(pause, source.rest))

    def _publish(self) -> None:
        self._set_readiness()
        unavailable = Unavailable(
            TALLY_AWAY if self._tally.problem else None, LOG_AWAY if self._log.problem else None
        )
        self.snapshot = take_snapshot(
            self._read_at, self._tally.value, self._rates, self._log.value or (), unavailable
        )
        if not shows_the_same(self.snapshot, self._broadcast.frame.snapshot):
            self._broadcast.publish(self.snapshot)

    def _set_readiness(self) -> None:
        problems = [source.problem for source in (self._tally, self._log) if source.problem]
        if problems:
            self._readiness.set_not_ready("; ".join(problems))
        else:
            self._readiness.set_ready()
