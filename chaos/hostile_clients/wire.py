"""Sends raw bytes and reads the answer, for requests that an HTTP library would refuse."""

import asyncio
import socket
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Final, NamedTuple

from harness.processes.ports import HOST

SOURCE: Final = "127.0.0.66"
"""The address of all connections of a hostile client."""

_READ: Final = 1 << 16
_LARGEST_ANSWER: Final = 1 << 28


class Reply(NamedTuple):
    """What came back: the status, or else what happened; the bytes, and the seconds it took."""

    kind: str
    size: int
    seconds: float


class Pace:
    """Turns at a steady rate, for all that share it; missed turns are not made up for."""

    def __init__(self, per_second: float) -> None:
        """`per_second` is in turns per second."""
        self._step = 1 / per_second
        self._next = 0.0

    async def turn(self) -> None:
        """Return when it is the caller's turn."""
        now = time.monotonic()
        at = max(self._next, now)
        self._next = at + self._step
        await asyncio.sleep(at - now)


async def exchange(port: int, request: Iterable[bytes], limit_seconds: float) -> Reply:
    """Send a request in pieces until an answer comes, and read the whole answer.

    The request must ask for the connection to be closed.
    """
    begin, first, size = time.monotonic(), b"", 0
    try:
        async with asyncio.timeout(limit_seconds):
            reader, writer = await asyncio.open_connection(HOST, port, local_addr=(SOURCE, 0))
            sending = asyncio.create_task(_send(writer, request))
            try:
                while (data := await reader.read(_READ)) and size < _LARGEST_ANSWER:
                    sending.cancel()
                    first, size = first or data, size + len(data)
            finally:
                sending.cancel()
                writer.transport.abort()
                with suppress(OSError):
                    await writer.wait_closed()
        kind = status_of(first)
    except TimeoutError:
        kind = "no end of it in time" if first else "no answer in time"
    except OSError as error:
        kind = status_of(first) if first else type(error).__name__
    return Reply(kind, size, time.monotonic() - begin)


def status_of(answer: bytes) -> str:
    """Return the status in the first bytes of an answer."""
    return answer[9:12].decode("latin-1") if answer.startswith(b"HTTP/1.") else "closed"


async def connect(port: int, receive_buffer: int | None = None) -> socket.socket:
    """Return a connected socket; `receive_buffer` (bytes) bounds what it receives unread."""
    sock = socket.socket()
    try:
        sock.setblocking(False)
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.bind((SOURCE, 0))
        await asyncio.get_running_loop().sock_connect(sock, (HOST, port))
    except BaseException:
        sock.close()
        raise
    return sock


def get(path: str, *headers: str) -> bytes:
    """Return the head of a GET that asks for the connection to be closed."""
    return "\r\n".join([f"GET {path} HTTP/1.1", "host: x", "connection: close", *headers]).encode(
        "latin-1"
    ) + (b"\r\n\r\n")


async def _send(writer: asyncio.StreamWriter, request: Iterable[bytes]) -> None:
    with suppress(OSError):  # the answer has more information
        for piece in request:
            writer.write(piece)
            await writer.drain()
