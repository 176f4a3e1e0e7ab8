"""Point 1: numbers and cursors that are too long, too large, or invalid."""

import asyncio
from base64 import urlsafe_b64encode
from typing import Final

from chaos.hostile_clients.client import HostileClient
from chaos.hostile_clients.wire import Pace, exchange, get

_WORKERS: Final = 8
_PER_SECOND: Final = 50.0
_LIMIT_SECONDS: Final = 30.0
_LIMITS: Final = (
    "00000000199999999",
    "199999999",
    "9" * 18,
    "9" * 4301,
    "9" * 100_000,
    "-1",
    "1e9",
    "%D9%A9" * 9,
    "1_000_000",
)
_CURSORS: Final = (
    f"{'9' * 40}:00000000-0000-7000-8000-000000000001",
    f"{'0' * 4000}1:00000000-0000-7000-8000-000000000001",
    "-1:x",
    "\x00" * 3000,
    "9" * 70_000,
)


class Numbers(HostileClient):
    """Requests more than a page holds, in every notation."""

    name = "numbers"
    what = "huge limits and cursors to /api/votes and /api/albums, 50 requests/s"

    async def attack(self) -> None:
        """Send request after request."""
        pace = Pace(_PER_SECOND)
        async with asyncio.TaskGroup() as workers:
            for _ in range(_WORKERS):
                workers.create_task(self._work(pace))

    async def _work(self, pace: Pace) -> None:
        while True:
            await pace.turn()
            port = self._random.choice([self._target.entry, self._target.services["svc_results"]])
            reply = await exchange(port, [get(self._path())], _LIMIT_SECONDS)
            self.record.answers[reply.kind] += 1
            self.record.note("largest answer (kB)", reply.size / 1000)

    def _path(self) -> str:
        path = self._random.choice(["/api/votes", "/api/albums"])
        if self._random.random() < 0.5:
            return f"{path}?limit={self._random.choice(_LIMITS)}"
        cursor = urlsafe_b64encode(self._random.choice(_CURSORS).encode()).decode().rstrip("=")
        return f"{path}?after={cursor}"
