"""Reads something again and again, but only while somebody asks for it."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final

_log = logging.getLogger(__name__)

STAY_SECONDS: Final = 15.0


class Watched[T]:
    """The newest of some readings.

    `readings` yields them at its own pace and bounds the time that each takes. Whoever asks is
    answered at once; `stay_seconds` after the last question the readings end.
    """

    def __init__(
        self, readings: Callable[[], AsyncGenerator[T]], stay_seconds: float = STAY_SECONDS
    ) -> None:
        self._readings = readings
        self._stay_seconds = stay_seconds
        self._newest: T | None = None
        self._asked_at = 0.0
        self._task: asyncio.Task[None] | None = None

    @property
    def is_reading(self) -> bool:
        """Whether the readings go on."""
        return self._task is not None

    def newest(self) -> T | None:
        """Return the newest reading, None until there is one, and go on reading."""
        self._asked_at = time.monotonic()
        if self._task is None:
            self._task = asyncio.create_task(self._read())
            self._task.add_done_callback(self._ended)
        return self._newest

    async def stop(self) -> None:
        """End the readings."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _read(self) -> None:
        async with aclosing(self._readings()) as readings:
            async for self._newest in readings:
                if time.monotonic() - self._asked_at > self._stay_seconds:
                    return

    def _ended(self, task: asyncio.Task[None]) -> None:
        # The next question starts anew; until then an old reading must not look like a new one.
        self._task = self._newest = None
        if not task.cancelled() and (error := task.exception()):
            _log.error("cannot read what an organiser watches", exc_info=error)
