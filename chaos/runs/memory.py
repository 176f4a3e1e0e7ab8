"""How much memory processes use."""

import asyncio
import os
from pathlib import Path
from typing import Final

from harness.processes.server import Server

_PERIOD_SECONDS: Final = 0.5
_PAGE_MB: Final = os.sysconf("SC_PAGE_SIZE") / 2**20


class MemoryWatch:
    """The resident memory (MB) of servers: at the start, and at its highest."""

    def __init__(self, servers: list[Server]) -> None:
        self._servers = servers
        self.first = self._now()
        self.most = dict(self.first)

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            for name, megabytes in self._now().items():
                self.most[name] = max(megabytes, self.most.get(name, 0.0))
            await asyncio.sleep(_PERIOD_SECONDS)

    def _now(self) -> dict[str, float]:
        pids = {server.name: server.pid for server in self._servers}
        return {name: _resident(pid) for name, pid in pids.items() if pid is not None}


def _resident(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except FileNotFoundError:  # it ended a moment ago
        return 0.0
    return pages * _PAGE_MB
