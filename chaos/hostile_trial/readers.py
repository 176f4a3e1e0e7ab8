"""Honest readers of the result, through the entry, while other clients are hostile."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

import httpx

from harness.processes.ports import HOST

_STAY_SECONDS: Final = 3.0
_LIMIT_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.5
_EVENTS: Final = "/api/events"
_PAGE: Final = "/"
_SIGNS: Final = {_EVENTS: "data:", _PAGE: "</html>"}
"""What a line contains once the reader has something to see."""


class Readers:
    """Some watch the events for a moment, again and again; as many load the page.

    `waits` has how long (s) each waited for the page, or for the first event; `refused` what they
    got instead.
    """

    def __init__(self, port: int, sources: Sequence[str]) -> None:
        """Each of the `sources` is the address of one watcher and of one that loads the page."""
        self.waits: list[float] = []
        self.refused: Counter[str] = Counter()
        self._port = port
        self._sources = sources

    async def run(self) -> None:
        """Read until cancelled."""
        async with asyncio.TaskGroup() as readers:
            for source in self._sources:
                for path in _SIGNS:
                    readers.create_task(self._visit_repeatedly(source, path))

    async def _visit_repeatedly(self, source: str, path: str) -> None:
        async with httpx.AsyncClient(
            base_url=f"http://{HOST}:{self._port}",
            headers={"connection": "close", "accept-encoding": "identity"},
            timeout=None,  # noqa: S113 - a visit has one as a whole
            transport=httpx.AsyncHTTPTransport(local_address=source),
            trust_env=False,
        ) as client:
            while True:
                await self._visit(client, path)
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _visit(self, client: httpx.AsyncClient, path: str) -> None:
        """Load the page, or wait for the first event and watch for a moment."""
        begin, seen = time.monotonic(), False
        try:
            async with (
                asyncio.timeout(_LIMIT_SECONDS) as limit,
                client.stream("GET", path) as answer,
            ):
                async for line in answer.aiter_lines():
                    if seen or answer.status_code != HTTPStatus.OK or _SIGNS[path] not in line:
                        continue
                    seen = True
                    self.waits.append(time.monotonic() - begin)
                    if path == _PAGE:
                        break
                    limit.reschedule(asyncio.get_running_loop().time() + _STAY_SECONDS)
            got = str(answer.status_code)
        except (httpx.HTTPError, TimeoutError) as error:
            got = type(error).__name__
        if not seen:
            self.refused[got] += 1
