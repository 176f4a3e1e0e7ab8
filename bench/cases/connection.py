"""A connection that casts one vote after the other, at little cost to this process."""

import asyncio
from collections.abc import Callable
from typing import Final, cast, override

_ACCEPTED: Final = b"HTTP/1.1 202 "
_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length: "


class Connection(asyncio.Protocol):
    """Keeps one connection and has at most one request on its way.

    `on_answer(connection, accepted)` is called with every whole answer. A connection that the
    server ends while an answer is due has `broken` set, and gets none.
    """

    def __init__(self, on_answer: Callable[[Connection, bool], None]) -> None:
        self._on_answer = on_answer
        self._transport: asyncio.WriteTransport | None = None
        self._received = b""
        self._usual_length = -1  # of an accepted answer: they are all alike
        self.waits = False
        self.broken = False

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def send(self, request: bytes) -> None:
        """Send a request; the last one must have been answered."""
        if self._transport is None or self._transport.is_closing():
            self.broken = True
            return
        self.waits = True
        self._transport.write(request)

    @override
    def data_received(self, data: bytes) -> None:
        if self._received:
            data = self._received + data
        if len(data) != self._usual_length or not data.startswith(_ACCEPTED):
            if not _is_whole(data):
                self._received = data
                return
            if data.startswith(_ACCEPTED):
                self._usual_length = len(data)
        self._received = b""
        self.waits = False
        self._on_answer(self, data.startswith(_ACCEPTED))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.broken |= self.waits
        self.waits = False

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()


def _is_whole(data: bytes) -> bool:
    head, found, body = data.partition(_HEAD_END)
    if not found:
        return False
    _, _, rest = head.lower().partition(_LENGTH)
    return len(body) >= int(rest.partition(b"\r\n")[0])
