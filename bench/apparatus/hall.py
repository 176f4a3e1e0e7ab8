"""Watchers of the live page: clients of the stream of events, some of whom do not read."""

import asyncio
import socket
import time
import zlib
from collections import defaultdict
from collections.abc import Callable
from typing import Final, NamedTuple, cast, override

from bench.apparatus.clock import cpu_of
from bench.apparatus.errors import BenchError
from harness.processes.server import Server
from harness.processes.waiting import until

_JOINING: Final = 50  # at the same time
_SMALL_BUFFER: Final = 4096
_FRAME_END: Final = b"\x00\x00\xff\xff\r\n"  # of a full flush, at the end of a chunk
_REQUEST: Final = b"GET /api/events HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\n\r\n"


class WatchedTurn(NamedTuple):
    """What the watchers got in a turn, and the processor time (s) that it cost the service.

    `deliveries` counts the frames that each one got, together; `spreads` has for each frame the
    seconds from the first one who got it to the last; `missed` counts those not delivered.
    """

    cpu_seconds: float
    seconds: float
    deliveries: int
    bytes: int
    spreads: list[float]
    missed: int


class Hall:
    """Watchers of one service."""

    def __init__(self, service: Server) -> None:
        self._service = service
        self._all: list[_Watcher] = []
        self._reading = 0
        self._arrivals: defaultdict[int, list[float]] = defaultdict(list)  # by frame
        self._bytes = 0

    async def join(self, count: int, *, reads: bool = True) -> float:
        """Let this many more watch; return the service's processor time until all have a frame."""
        before = self._cpu()
        for start in range(0, count, _JOINING):
            some = range(min(_JOINING, count - start))
            self._all += await asyncio.gather(*(self._watch(reads=reads) for _ in some))
            await until(self._all_have_a_frame, "a frame for each watcher", error=BenchError)
        self._reading += count if reads else 0
        return self._cpu() - before

    async def turn(self, seconds: float) -> WatchedTurn:
        """Watch for `seconds`, and on until a frame has come."""
        self._arrivals.clear()
        self._bytes = 0
        begin, cpu = time.perf_counter(), self._cpu()
        await asyncio.sleep(seconds)
        await until(lambda: self._arrivals, "a frame", error=BenchError)
        cpu, took = self._cpu() - cpu, time.perf_counter() - begin
        frames = list(self._arrivals.values())
        whole = [times for times in frames if len(times) == self._reading]
        inner = frames[1:-1]  # the turn may begin and end within a frame
        return WatchedTurn(
            cpu,
            took,
            sum(map(len, frames)),
            self._bytes,
            [max(times) - min(times) for times in whole],
            sum(self._reading - len(times) for times in inner),
        )

    def leave(self) -> None:
        """Close all streams."""
        for watcher in self._all:
            watcher.close()
        self._all, self._reading = [], 0

    def _cpu(self) -> float:
        return cpu_of({"service": self._service})["service"]

    def _all_have_a_frame(self) -> bool:
        return all(watcher.frames for watcher in self._all)

    def _arrived(self, frame: int, size: int) -> None:
        self._arrivals[frame].append(time.perf_counter())
        self._bytes += size

    async def _watch(self, *, reads: bool) -> _Watcher:
        sock = socket.socket()
        sock.setblocking(False)
        if not reads:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(sock, (self._service.host, self._service.port))
        arrived = self._arrived if reads else None
        _, watcher = await loop.create_connection(lambda: _Watcher(arrived), sock=sock)
        return watcher


class _Watcher(asyncio.Protocol):
    """A stream of events. Without `on_frame` it reads nothing after its first frame."""

    def __init__(self, on_frame: Callable[[int, int], None] | None) -> None:
        self._on_frame = on_frame
        self._transport: asyncio.Transport | None = None
        self._check = 0
        self._size = 0
        self.frames = 0

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(_REQUEST)

    @override
    def data_received(self, data: bytes) -> None:
        self._check = zlib.crc32(data, self._check)  # all get the same bytes of a frame
        self._size += len(data)
        if not data.endswith(_FRAME_END):
            return
        self.frames += 1
        if self._on_frame:
            self._on_frame(self._check, self._size)
        elif self._transport:
            self._transport.pause_reading()
        self._check = self._size = 0

    def close(self) -> None:
        """Leave."""
        if self._transport:
            self._transport.abort()
