"""HTTP/2 by hand, for what no gRPC library would do."""

import asyncio
import contextlib
import struct
from typing import Final

from chaos.hostile_clients.wire import connect

_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _GOAWAY, _WINDOW = 0, 1, 3, 4, 6, 7, 8
_END_STREAM, _ACK, _END_HEADERS = 1, 1, 4
_INITIAL_WINDOW: Final = 4
_DEFAULT_WINDOW: Final = 65_535
_FRAME_MAX: Final = 16_384
_BUFFER: Final = 65_536


class Http2Connection:
    """A connection that keeps to the windows it is given, and gives what it is told to.

    `ended` has why each stream ended, by its number: `closed` or `reset`.
    """

    def __init__(self) -> None:
        self.ended: dict[int, str] = {}
        self._window = self._stream_window = _DEFAULT_WINDOW
        self._sent: dict[int, int] = {}
        self._given: dict[int, int] = {}
        self._changed = asyncio.Event()

    async def open(self, port: int, window: int = _DEFAULT_WINDOW) -> None:
        """Connect; `window` is how many bytes of each answer are taken."""
        self._reader, self._writer = await asyncio.open_connection(
            sock=await connect(port, _BUFFER)
        )
        self._writer.write(
            _PREFACE + _frame(_SETTINGS, 0, 0, struct.pack(">HI", _INITIAL_WINDOW, window))
        )
        self._reading = asyncio.create_task(self._read())

    async def close(self) -> None:
        """Break the connection off."""
        self._reading.cancel()
        self._writer.transport.abort()
        await asyncio.wait([self._reading])

    async def lost(self) -> None:
        """Return when the server has closed the connection."""
        await asyncio.wait([self._reading])

    def start(self, stream: int, path: str) -> None:
        """Begin a gRPC call in this stream."""
        fields = {
            ":method": "POST",
            ":scheme": "http",
            ":path": path,
            ":authority": "x",
            "te": "trailers",
            "content-type": "application/grpc",
        }
        block = b"".join(
            b"\x00" + _literal(name) + _literal(value) for name, value in fields.items()
        )
        self._writer.write(_frame(_HEADERS, _END_HEADERS, stream, block))

    def reset(self, stream: int) -> None:
        """Cancel a call."""
        self._writer.write(_frame(_RESET, 0, stream, struct.pack(">I", 8)))

    async def send(self, stream: int, data: bytes) -> None:
        """Send bytes in a stream, as its windows permit; returns early if it ends."""
        position = 0
        while position < len(data) and stream not in self.ended and not self._reading.done():
            left = self._stream_window + self._given.get(stream, 0) - self._sent.get(stream, 0)
            size = min(_FRAME_MAX, len(data) - position, self._window, left)
            if size <= 0:
                self._changed.clear()
                await self._changed.wait()
                continue
            self._window -= size
            self._sent[stream] = self._sent.get(stream, 0) + size
            self._writer.write(_frame(_DATA, 0, stream, data[position : position + size]))
            position += size
            await self._writer.drain()

    async def _read(self) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await self._reader.readexactly(9)
                payload = await self._reader.readexactly(int.from_bytes(head[:3]))
                self._take(head[3], head[4], int.from_bytes(head[5:]), payload)
        self._changed.set()

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == _SETTINGS and not flags & _ACK:
            for number, value in struct.iter_unpack(">HI", payload):
                if number == _INITIAL_WINDOW:
                    self._stream_window = value
            self._writer.write(_frame(_SETTINGS, _ACK, 0))
        elif kind == _PING and not flags & _ACK:
            self._writer.write(_frame(_PING, _ACK, 0, payload))
        elif kind == _WINDOW and stream:
            self._given[stream] = self._given.get(stream, 0) + int.from_bytes(payload)
        elif kind == _WINDOW:
            self._window += int.from_bytes(payload)
        elif kind == _RESET:
            self.ended[stream] = "reset"
        elif kind == _DATA and payload:
            more = struct.pack(">I", len(payload))
            self._writer.write(_frame(_WINDOW, 0, 0, more) + _frame(_WINDOW, 0, stream, more))
        if kind in {_DATA, _HEADERS} and flags & _END_STREAM:
            self.ended[stream] = "closed"
        self._changed.set()


def message(data: bytes) -> bytes:
    """Return a gRPC message as it is sent."""
    return b"\x00" + struct.pack(">I", len(data)) + data


def _frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


def _literal(text: str) -> bytes:
    """Return a string of HPACK, which must be short."""
    return bytes([len(text)]) + text.encode()
