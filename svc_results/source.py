"""A store that is read again and again, and may be away for a while."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from svc_results.metrics import READ_FAILURES, READ_SECONDS
from voting.store import StoreUnavailableError

_log = logging.getLogger(__name__)

TIMEOUT: Final = 3.0


class Source[T]:
    """The last value read, and why it cannot be read now.

    `problem` is for everyone's eyes: it names the store and no address. The error itself goes to
    the log, once per outage. `seconds` is how long the last reading took that worked.
    """

    def __init__(self, store: str, read: Callable[[], Awaitable[T]]) -> None:
        self.value: T | None = None
        self.problem: str | None = f"{store} has not answered yet"
        self.seconds = 0.0
        self._store = store
        self._read = read
        self._failing = False

    async def refresh(self) -> bool:
        """Read again; return whether it worked. An old value stays when it did not."""
        start = time.perf_counter()
        try:
            async with asyncio.timeout(TIMEOUT):
                self.value = await self._read()
        except TimeoutError:
            self._failed("does not answer", f"nothing within {TIMEOUT:g} s")
            return False
        except StoreUnavailableError as error:
            self._failed("does not answer", error.reason)
            return False
        except ValueError as error:
            self._failed("holds what cannot be read", str(error))
            return False
        self.seconds = time.perf_counter() - start
        READ_SECONDS.labels(self._store).observe(self.seconds)
        if self._failing:
            _log.info("%s answers again", self._store)
        self._failing, self.problem = False, None
        return True

    def _failed(self, problem: str, reason: str) -> None:
        READ_FAILURES.labels(self._store).inc()
        if not self._failing:
            _log.warning("%s %s: %s", self._store, problem, reason)
        self._failing, self.problem = True, f"{self._store} {problem}"
