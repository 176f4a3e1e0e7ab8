"""Point 2: huge bodies in requests that should have none."""

import asyncio
from collections.abc import Iterator
from typing import Final

from chaos.hostile_clients.client import HostileClient
from chaos.hostile_clients.wire import Pace, exchange, get

_WORKERS: Final = 4
_PER_SECOND: Final = 10.0
_LIMIT_SECONDS: Final = 30.0
_BODY: Final = 90_000_000
_PIECE: Final = bytes(100_000)
_CHUNK: Final = b"%x\r\n%s\r\n" % (len(_PIECE), _PIECE)
_PATHS: Final = ("/openapi.json", "/healthz", "/readyz", "/metrics", "/", "/api/events", "/votes")


class Bodies(HostileClient):
    """Sends 90 MB with a GET, with a content length or in chunks."""

    name = "bodies"
    what = "GET with a body of 90 MB to every page of every service, 4 at a time"

    async def attack(self) -> None:
        """Send body after body."""
        pace = Pace(_PER_SECOND)
        async with asyncio.TaskGroup() as workers:
            for _ in range(_WORKERS):
                workers.create_task(self._work(pace))

    async def _work(self, pace: Pace) -> None:
        while True:
            await pace.turn()
            port, path = self._random.choice(self._target.http_ports), self._random.choice(_PATHS)
            pieces = self._random.choice([_with_length, _in_chunks])(path)
            reply = await exchange(port, pieces, _LIMIT_SECONDS)
            self.record.answers[reply.kind] += 1
            self.record.note("slowest answer (s)", reply.seconds)


def _with_length(path: str) -> Iterator[bytes]:
    yield get(path, f"content-length: {_BODY}")
    for _ in range(_BODY // len(_PIECE)):
        yield _PIECE


def _in_chunks(path: str) -> Iterator[bytes]:
    yield get(path, "transfer-encoding: chunked")
    for _ in range(_BODY // len(_PIECE)):
        yield _CHUNK
    yield b"0\r\n\r\n"
