"""Point 6: connections that are slow, silent, half closed, or greedy."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from chaos.hostile_clients.client import NAME, HostileClient
from chaos.hostile_clients.wire import Pace, connect, status_of
from voting.client.samples import sample_to_send
from voting.client.sent_vote import vote_request

_SLOW_HEADS: Final = 200
_SLOW_BODIES: Final = 200
_SILENT: Final = 200
_HALF_CLOSED: Final = 20
_GREEDY: Final = 100
_OPENED_PER_SECOND: Final = 100.0  # of each kind
_BETWEEN_BYTES_SECONDS: Final = 10.0
_PIPELINED: Final = 200
_GREEDY_SECONDS: Final = 25.0
_SMALL_BUFFER: Final = 4096

_VOTE: Final = vote_request("x", sample_to_send(name=NAME, album="pipelined"))
_BODY_STARTS: Final = _VOTE.index(b"{")


class Connections(HostileClient):
    """Keeps hundreds of connections busy with as little work as possible."""

    name = "connections"
    what = (
        "200 slow in the head, 200 slow in the body (1 byte in 10 s), 200 silent, 20 half closed, "
        "100 that send 200 votes at once and read no response"
    )

    async def attack(self) -> None:
        """Keep all of these connections open, and reopen those that end."""
        routes = [*self._target.routes.values(), self._target.entry]
        async with asyncio.TaskGroup() as connections:
            for behaviour, count, ports in (
                (self._slow_head, _SLOW_HEADS, self._target.http_ports),
                (self._slow_body, _SLOW_BODIES, routes),
                (self._silent, _SILENT, self._target.http_ports),
                (self._half_closed, _HALF_CLOSED, self._target.http_ports),
                (self._greedy, _GREEDY, routes),
            ):
                pace = Pace(_OPENED_PER_SECOND)
                for number in range(count):
                    port = ports[number % len(ports)]
                    connections.create_task(self._reconnect(behaviour, port, pace))

    async def _reconnect(self, behaviour: _Behaviour, port: int, pace: Pace) -> None:
        while True:
            await pace.turn()
            try:
                with await connect(port, _SMALL_BUFFER) as sock:
                    await behaviour(sock)
            except OSError as error:
                self.record.answers[type(error).__name__] += 1

    async def _slow_head(self, sock: socket.socket) -> None:
        await self._drip("slow head", sock, _VOTE[:_BODY_STARTS])

    async def _slow_body(self, sock: socket.socket) -> None:
        await asyncio.get_running_loop().sock_sendall(sock, _VOTE[:_BODY_STARTS])
        await self._drip("slow body", sock, _VOTE[_BODY_STARTS:])

    async def _silent(self, sock: socket.socket) -> None:
        await self._drip("silent", sock, [])

    async def _drip(self, what: str, sock: socket.socket, data: Iterable[int]) -> None:
        """Send a byte now and then until the other side closes the connection."""
        loop, begin = asyncio.get_running_loop(), time.monotonic()
        sending = asyncio.create_task(_send_slowly(sock, data))
        try:
            kind = status_of(await loop.sock_recv(sock, 12))
            self.record.answers[f"{what}: {kind}"] += 1
        finally:
            sending.cancel()
            await asyncio.wait([sending])
            self.record.note(f"{what} kept (s)", time.monotonic() - begin)

    async def _half_closed(self, sock: socket.socket) -> None:
        """Send a vote, whole or cut off, and close this side of the connection."""
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(sock, _VOTE[: self._random.choice([0, 5, 40, len(_VOTE) - 1])])
        sock.shutdown(socket.SHUT_WR)
        begin = time.monotonic()
        try:
            kind = status_of(await loop.sock_recv(sock, 12))
            self.record.answers[f"half closed: {kind}"] += 1
        finally:
            self.record.note("half closed kept (s)", time.monotonic() - begin)

    async def _greedy(self, sock: socket.socket) -> None:
        """Send many votes at once, as far as the server reads them, and read nothing."""
        try:
            async with asyncio.timeout(_GREEDY_SECONDS):
                await asyncio.get_running_loop().sock_sendall(sock, _VOTE * _PIPELINED)
                self.record.answers["pipelined: all were taken"] += 1
                await asyncio.sleep(_GREEDY_SECONDS)
        except TimeoutError:
            self.record.answers["pipelined: kept to the end"] += 1


type _Behaviour = Callable[[socket.socket], Awaitable[None]]


async def _send_slowly(sock: socket.socket, data: Iterable[int]) -> None:
    loop = asyncio.get_running_loop()
    for byte in data:
        await loop.sock_sendall(sock, bytes([byte]))
        await asyncio.sleep(_BETWEEN_BYTES_SECONDS)
