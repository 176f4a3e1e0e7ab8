"""Honest people who look at the result, through the entry, while others are hostile."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

from harness.processes.ports import HOST

_STAY_S: Final = 3.0
_LIMIT_S: Final = 10.0
_READ: Final = 1 << 16
_PAUSE_S: Final = 0.5
_EVENTS: Final = b"GET /api/events HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
_PAGE: Final = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"


class Readers:
    """Some watch the events for a moment and come again; as many load the page.

    `waits` has how long (s) each waited for the page, or for the first event; `refused` what they
    got instead.
    """

    def __init__(self, port: int, sources: Sequence[str]) -> None:
        """Each of the `sources` is the address of one that watches and of one that loads."""
        self.waits: list[float] = []
        self.refused: Counter[str] = Counter()
        self._port = port
        self._sources = sources

    async def run(self) -> None:
        """Read until cancelled."""
        async with asyncio.TaskGroup() as readers:
            for source in self._sources:
                readers.create_task(self._again_and_again(source, _EVENTS, b"data:"))
                readers.create_task(self._again_and_again(source, _PAGE, b"</html>"))

    async def _again_and_again(self, source: str, request: bytes, sign: bytes) -> None:
        while True:
            begin = time.monotonic()
            try:
                async with asyncio.timeout(_LIMIT_S):
                    reader, writer = await asyncio.open_connection(
                        HOST, self._port, local_addr=(source, 0)
                    )
            except (OSError, TimeoutError) as error:
                self.refused[type(error).__name__] += 1
                await asyncio.sleep(_PAUSE_S)
                continue
            try:
                writer.write(request)
                await self._read_until(reader, sign, begin)
                if request == _EVENTS:
                    await _stay(reader)
            finally:
                writer.transport.abort()
            await asyncio.sleep(_PAUSE_S)

    async def _read_until(self, reader: asyncio.StreamReader, sign: bytes, begin: float) -> None:
        received = b""
        try:
            async with asyncio.timeout(_LIMIT_S):
                while sign not in received:
                    data = await reader.read(_READ)
                    if not data:
                        break
                    received += data
        except (OSError, TimeoutError) as error:
            self.refused[type(error).__name__] += 1
            return
        if sign in received and received.startswith(b"HTTP/1.1 200"):
            self.waits.append(time.monotonic() - begin)
        else:
            self.refused[received[9:12].decode("latin-1") or "closed"] += 1


async def _stay(reader: asyncio.StreamReader) -> None:
    try:
        async with asyncio.timeout(_STAY_S):
            while await reader.read(_READ):
                pass
    except OSError, TimeoutError:
        pass
