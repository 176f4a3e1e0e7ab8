"""What processes use during an attack: peak memory and processor time."""

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, Protocol

_RESET_PEAK: Final = "5"  # see clear_refs in proc(5)
_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")
_PAGE_MB: Final = os.sysconf("SC_PAGE_SIZE") / 2**20


class Usage(NamedTuple):
    """One process's peak resident memory (MB), and how many processors it kept busy."""

    memory: float
    processors: float


class Watched(Protocol):
    """A process that may end and be restarted under the same name."""

    @property
    def name(self) -> str:
        """Its name, the same after a restart."""

    @property
    def pid(self) -> int | None:
        """Its process id; None while it does not run."""


class UsageWatch:
    """Measures processes from now on, across restarts."""

    def __init__(self, servers: Sequence[Watched]) -> None:
        self._servers = servers
        self._begin = time.monotonic()
        self._processor_seconds = {
            server.name: _processor_seconds(server.pid) for server in servers
        }
        self._peak: dict[str, float] = {}
        self.sockets = _socket_mb()
        """The peak memory (MB) that the kernel used for all TCP connections of this machine."""
        for server in servers:
            with suppress(FileNotFoundError, ProcessLookupError):
                Path(f"/proc/{server.pid}/clear_refs").write_text(_RESET_PEAK)

    def sample(self) -> dict[str, Usage]:
        """Return what each process has used so far; to be called often."""
        self.sockets = max(self.sockets, _socket_mb())
        elapsed = max(time.monotonic() - self._begin, 0.001)
        usage = {}
        for server in self._servers:
            name = server.name
            self._peak[name] = max(_peak_mb(server.pid), self._peak.get(name, 0.0))
            spent = _processor_seconds(server.pid) - self._processor_seconds[name]
            usage[name] = Usage(self._peak[name], max(0.0, spent) / elapsed)
        return usage


def _peak_mb(pid: int | None) -> float:
    """Return a process's peak resident memory since the peak was reset."""
    for line in _read(f"/proc/{pid}/status").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _processor_seconds(pid: int | None) -> float:
    user, system = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()[11:13] or (0, 0)
    return (int(user) + int(system)) / _TICKS_PER_SECOND


def _socket_mb() -> float:
    for line in _read("/proc/net/sockstat").splitlines():
        if line.startswith("TCP:"):
            return int(line.split()[-1]) * _PAGE_MB
    return 0.0


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except FileNotFoundError, ProcessLookupError:  # it ended a moment ago
        return ""
