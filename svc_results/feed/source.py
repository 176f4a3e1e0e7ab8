"""A store that is read repeatedly and may be unavailable for a while."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from svc_results.feed.metrics import READ_FAILURES, READ_SECONDS
from voting.stores.errors import StoreUnavailableError

_log = logging.getLogger(__name__)

TIMEOUT_SECONDS: Final = 3.0
# After a reading, a store rests this many times as long as the reading took.
REST_FACTOR: Final = 4


class Source[T]:
    """The last value read, and why the store cannot be read now.

    `problem` is for operators: it names the store but no address. The error itself is logged once
    per outage. `rest` is the pause, in seconds, that the store needs after the last reading.

    With `paced`, `read` bounds its own time and paces itself.
    """

    def __init__(
        self, store: str, read: Callable[[], Awaitable[T]], *, paced: bool = False
    ) -> None:
        self.value: T | None = None
        self.problem: str | None = f"{store} has not answered yet"
        self.rest = 0.0
        self._store = store
        self._read = read
        self._paced = paced
        self._failing = False
        READ_FAILURES.labels(store)  # from the start, so that the first failure is an increase
        READ_SECONDS.labels(store)

    async def refresh(self) -> bool:
        """Read again; return whether that worked. If not, the old value stays."""
        start = time.perf_counter()
        try:
            async with asyncio.timeout(None if self._paced else TIMEOUT_SECONDS):
                self.value = await self._read()
        except TimeoutError:
            self._failed("is not responding", f"no answer within {TIMEOUT_SECONDS:g} s")
            return False
        except StoreUnavailableError as error:
            self._failed("is not responding", error.reason)
            return False
        except ValueError as error:
            self._failed("holds unreadable data", str(error))
            return False
        seconds = time.perf_counter() - start
        self.rest = 0.0 if self._paced else REST_FACTOR * seconds
        READ_SECONDS.labels(self._store).observe(seconds)
        if self._failing:
            _log.info("%s is responding again", self._store)
        self._failing, self.problem = False, None
        return True

    def _failed(self, problem: str, reason: str) -> None:
        READ_FAILURES.labels(self._store).inc()
        if not self._failing:
            _log.warning("%s %s: %s", self._store, problem, reason)
        self._failing, self.problem = True, f"{self._store} {problem}"
