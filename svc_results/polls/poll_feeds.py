"""The streams of the polls that somebody watches, each read once for all its watchers."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from svc_results.feed.broadcast import Broadcast
from svc_results.feed.source import REST_FACTOR
from svc_results.polls.followed_polls import FollowedPolls
from svc_results.polls.poll_counts import CountedPoll, PollCounts
from svc_results.polls.poll_snapshot import PollSnapshot, poll_snapshot
from voting.polls.poll import Poll
from voting.stores.errors import StoreUnavailableError

# How many polls can be watched at the same time; each keeps a frame of up to 60 kB.
POLLS_WATCHED_MAX: Final = 200


class TooManyPollsError(Exception):
    """As many polls are watched as may be."""


class _Stream:
    """A poll's stream, and what was counted when it was last read."""

    def __init__(self, snapshot: PollSnapshot) -> None:
        self.broadcast = Broadcast(snapshot)
        self.holders = 0
        self.counted: CountedPoll | None = None


class PollFeeds:
    """Reads the polls that are watched, every `refresh_seconds`, and only if they show a result.

    A poll that nobody watches is not read. The more there are, the more slowly they are read: the
    tally rests four times as long as reading them took.
    """

    def __init__(self, polls: FollowedPolls, counts: PollCounts, refresh_seconds: float) -> None:
        self._polls = polls
        self._counts = counts
        self._refresh_seconds = refresh_seconds
        self._streams: dict[str, _Stream] = {}
        self._watched = asyncio.Event()
        self._closed = False

    @property
    def watched(self) -> int:
        """How many polls are watched."""
        return len(self._streams)

    async def snapshot(self, poll: Poll) -> PollSnapshot:
        """Return what may be seen of the poll now."""
        if not self._polls.shows_result(poll):
            return poll_snapshot(poll, self._polls, None)
        try:
            counted = await self._counts.read(poll)
        except StoreUnavailableError, ValueError:
            stream = self._streams.get(poll.id)
            counted_before = None if stream is None else stream.counted
            return poll_snapshot(poll, self._polls, counted_before, available=False)
        return poll_snapshot(poll, self._polls, counted)

    @asynccontextmanager
    async def stream(self, poll: Poll) -> AsyncIterator[Broadcast[PollSnapshot]]:
        """Keep the poll's stream while the context lasts; raise `TooManyPollsError`."""
        if poll.id not in self._streams:
            if len(self._streams) >= POLLS_WATCHED_MAX:
                raise TooManyPollsError
            # Known before there is anything to wait for, so that the bound holds.
            self._streams[poll.id] = _Stream(poll_snapshot(poll, self._polls, None))
        stream = self._streams[poll.id]
        stream.holders += 1
        self._watched.set()
        try:
            if stream.broadcast.frame.number == 0:
                await self._refresh(poll.id, stream)
            if self._closed:
                stream.broadcast.close()
            yield stream.broadcast
        finally:
            stream.holders -= 1
            if not stream.holders:
                del self._streams[poll.id]
            if not self._streams:
                self._watched.clear()

    async def run(self) -> None:
        """Read the polls that are watched until cancelled."""
        while True:
            await self._watched.wait()
            start = time.monotonic()
            available = True
            for poll_id, stream in list(self._streams.items()):
                available = await self._refresh(poll_id, stream, available=available)
            rest = REST_FACTOR * (time.monotonic() - start)
            await asyncio.sleep(max(self._refresh_seconds, rest))

    def close(self) -> None:
        """End every stream."""
        self._closed = True
        for stream in self._streams.values():
            stream.broadcast.close()

    async def _refresh(self, poll_id: str, stream: _Stream, *, available: bool = True) -> bool:
        """Publish the poll if it changed; return whether the tally could be read.

        If it is not `available`, it is not asked, so that its time-outs do not add up.
        """
        poll = self._polls.find(poll_id)
        if self._polls.shows_result(poll) and available:
            try:
                stream.counted = await self._counts.read(poll, patience_seconds=0)
            except StoreUnavailableError, ValueError:
                available = False
        snapshot = poll_snapshot(poll, self._polls, stream.counted, available=available)
        frame = stream.broadcast.frame
        if frame.number == 0 or snapshot != frame.snapshot:
            stream.broadcast.publish(snapshot)
        return available
