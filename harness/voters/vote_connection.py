"""A fast connection: it casts one vote after the other, at little cost to this process."""

import asyncio
from collections.abc import Callable
from typing import Final, cast, override

_ACCEPTED: Final = b"HTTP/1.1 202 "
_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length: "


class VoteConnection(asyncio.Protocol):
    """Keeps one connection with at most one request in flight.

    `on_response(connection, response)` is called with every complete response, as bytes. When
    the server closes the connection while a response is due, `broken` is set and `on_loss` is
    called with the error, None for an orderly close.
    """

    def __init__(
        self,
        on_response: Callable[[VoteConnection, bytes], None],
        on_loss: Callable[[VoteConnection, Exception | None], None] | None = None,
    ) -> None:
        self._on_response = on_response
        self._on_loss = on_loss
        self._transport: asyncio.WriteTransport | None = None
        self._received = b""
        self._usual_length = -1  # of a 202: they are all alike
        self.waits = False
        self.broken = False

    @property
    def is_open(self) -> bool:
        """Whether a request can be sent."""
        return self._transport is not None and not self._transport.is_closing()

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
            if not _is_complete(data):
                self._received = data
                return
            if data.startswith(_ACCEPTED):
                self._usual_length = len(data)
        self._received = b""
        self.waits = False
        self._on_response(self, data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self.waits:
            self.waits = False
            self.broken = True
            if self._on_loss is not None:
                self._on_loss(self, exc)

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()


def is_accepted(response: bytes) -> bool:
    """Return whether a response acknowledges the vote."""
    return response.startswith(_ACCEPTED)


def _is_complete(data: bytes) -> bool:
    head, found, body = data.partition(_HEAD_END)
    if not found:
        return False
    _, _, rest = head.lower().partition(_LENGTH)
    return len(body) >= int(rest.partition(b"\r\n")[0] or 0)
