"""Gives any number of watchers the newest frame; nothing is queued."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

import msgspec

from svc_results.feed.frame import HEARTBEAT, Event, Frame
from svc_results.feed.metrics import FRAMES_DROPPED, FRAMES_SENT, WATCHERS

HEARTBEAT_SECONDS: Final = 15.0


class Broadcast[S: msgspec.Struct]:
    """The newest snapshot as a frame, shared by all watchers.

    A watcher that cannot keep up misses frames.
    """

    def __init__(self, snapshot: S) -> None:
        self.frame = Frame(0, snapshot)
        self.watchers = 0
        self._changed = asyncio.Event()
        self._closed = False
        self._beat: asyncio.TimerHandle | None = None  # one for all watchers, while there are any

    def publish(self, snapshot: S) -> None:
        """Send this snapshot to every watcher."""
        self.frame = Frame(self.frame.number + 1, snapshot)
        self._wake()

    async def watch(self) -> AsyncGenerator[Event]:
        """Yield the newest frame whenever it changes, and heartbeats while it does not.

        Ends when the broadcast is closed.
        """
        self.watchers += 1
        WATCHERS.inc()
        if self._beat is None:
            self._arm()
        shown: int | None = None  # the number only, so that a slow watcher keeps no frame alive
        try:
            while not self._closed:
                if shown != self.frame.number:
                    if shown is not None:
                        FRAMES_DROPPED.inc(self.frame.number - shown - 1)
                    shown = self.frame.number
                    FRAMES_SENT.inc()
                    yield self.frame
                else:
                    await self._changed.wait()
                    if shown == self.frame.number and not self._closed:
                        yield HEARTBEAT
        finally:
            self.watchers -= 1
            WATCHERS.dec()

    def close(self) -> None:
        """End every watcher's stream."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        self._arm()

    def _arm(self) -> None:
        if self._beat is not None:
            self._beat.cancel()
        self._beat = None
        if self.watchers and not self._closed:
            loop = asyncio.get_running_loop()
            self._beat = loop.call_later(HEARTBEAT_SECONDS, self._wake)
