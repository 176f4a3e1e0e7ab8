"""Point 3: as many streams of events as one address can get."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Final

from chaos.hostile_clients.client import HostileClient
from chaos.hostile_clients.wire import Pace, connect, status_of

_STREAMS: Final = 2400
_PER_SECOND: Final = 200.0
_ANSWER_SECONDS: Final = 10.0
_HOLD_SECONDS: Final = 60.0
_BETWEEN_BYTES_SECONDS: Final = 5.0
_SMALL_BUFFER: Final = 2048
_READ: Final = 1 << 16

type _Kind = Callable[[socket.socket], Awaitable[None]]


class Watchers(HostileClient):
    """Opens streams: a third is read, a third is not, of a third a byte is read now and then."""

    name = "watchers"
    what = "up to 2400 streams of /api/events that read, do not read, read one byte every 5 s"

    async def attack(self) -> None:
        """Open all streams, and reopen those that end."""
        self._open = 0
        pace = Pace(_PER_SECOND)
        kinds = (self._read, self._hold, self._sip)
        ports = (self._target.entry, self._target.services["svc_results"])
        async with asyncio.TaskGroup() as streams:
            for number in range(_STREAMS):
                kind = kinds[number % len(kinds)]
                streams.create_task(self._watch(pace, ports[number // 3 % 2], kind))

    async def _watch(self, pace: Pace, port: int, kind: _Kind) -> None:
        while True:
            await pace.turn()
            try:
                sock = await connect(port, None if kind == self._read else _SMALL_BUFFER)
            except OSError as error:
                self.record.answers[type(error).__name__] += 1
                continue
            with sock:
                await self._stream(sock, kind)

    async def _stream(self, sock: socket.socket, kind: _Kind) -> None:
        loop = asyncio.get_running_loop()
        claimed = ".".join(str(self._random.randrange(256)) for _ in range(4))
        head = f"GET /api/events HTTP/1.1\r\nhost: x\r\nx-forwarded-for: {claimed}\r\n\r\n"
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await loop.sock_sendall(sock, head.encode())
                status = status_of(await loop.sock_recv(sock, 12))
        except (OSError, TimeoutError) as error:
            self.record.answers[type(error).__name__] += 1
            return
        self.record.answers[status] += 1
        if status != "200":
            return
        self._open += 1
        self.record.note("streams at once", self._open)
        try:
            await kind(sock)
        except OSError:
            self.record.answers["stream broken off"] += 1
        finally:
            self._open -= 1

    async def _read(self, sock: socket.socket) -> None:
        while await asyncio.get_running_loop().sock_recv(sock, _READ):
            pass

    async def _hold(self, _: socket.socket) -> None:
        await asyncio.sleep(_HOLD_SECONDS)

    async def _sip(self, sock: socket.socket) -> None:
        pace = Pace(1 / _BETWEEN_BYTES_SECONDS)
        while await asyncio.get_running_loop().sock_recv(sock, 1):
            await pace.turn()
