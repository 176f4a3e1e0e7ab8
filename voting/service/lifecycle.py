"""A service's readiness and its end."""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from typing import Any, Final

_log = logging.getLogger(__name__)


class Readiness:
    """Whether the service can take work now, and why not.

    A service starts not ready; every change is logged once. After `drain` it stays not ready.
    """

    def __init__(self) -> None:
        self.reason: str | None = "starting"
        self._draining = False
        self._waiters: list[asyncio.Future[None]] = []

    @property
    def ready(self) -> bool:
        """True when the service can take work now."""
        return self.reason is None

    def set_ready(self) -> None:
        """Mark the service as able to take work."""
        if not self._draining and self.reason is not None:
            self._change(None)
            _log.info("ready")

    def set_not_ready(self, reason: str) -> None:
        """Mark the service as unable to take work because of `reason`."""
        if not self._draining and self.reason != reason:
            self._change(reason)
            _log.warning("not ready: %s", reason)

    def drain(self) -> None:
        """Mark the service as stopping: it stays not ready."""
        self.set_not_ready("draining")
        self._draining = True

    def changed(self) -> asyncio.Future[None]:
        """Return a future that is done at the next change."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        return waiter

    def _change(self, reason: str | None) -> None:
        self.reason = reason
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)


STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def stop_event() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set; for services that run their own loop."""
    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, event.set)
    return event


def run_for_good(work: Coroutine[Any, Any, None], what: str) -> asyncio.Task[None]:
    """Run work that lasts as long as the service in a task; its owner cancels it at the end.

    If it ends by itself, which only an unexpected error can cause, the service ends as on SIGTERM,
    so that its supervisor restarts it: without the work, readiness would stay at whatever it was.
    `what` names the work in the log.
    """
    task = asyncio.create_task(work)

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            _log.critical(
                "%s stopped unexpectedly; stopping the service", what, exc_info=task.exception()
            )
            signal.raise_signal(signal.SIGTERM)

    task.add_done_callback(ended)
    return task
