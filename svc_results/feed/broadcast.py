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
        shown: int | None = None  # the number only, so that a slow watcher keeps no frame alive
        try:
            while not self._closed:
                if shown != self.frame.number:
                    if shown is not None:
                        FRAMES_DROPPED.inc(self.frame.number - shown - 1)
                    shown = self.frame.number
                    FRAMES_SENT.inc()
                    yield self.frame
                elif not await self._wait_for_change():
                    yield HEARTBEAT
        finally:
            self.watchers -= 1
            WATCHERS.dec()

    def close(self) -> None:
        """End every watcher's stream."""
        self._closed = True
        self._wake()

    async def _wait_for_change(self) -> bool:
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
