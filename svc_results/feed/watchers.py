"""The limits on watchers, and each watcher's connection."""

import asyncio
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final, cast

from sanic import Request
from sanic.compat import Header
from sanic.server.protocols.http_protocol import HttpProtocol

from svc_results.feed.metrics import WATCHERS_STALLED
from voting.http.client_address import Network, client_address
from voting.http.problem import ProblemError

# A watcher that takes longer to read an event is cut off; its browser reconnects.
STALLED_SECONDS: Final = 10.0
# The system's send buffer per watcher, one typical frame; the system reserves twice as much. By
# default it would grow to megabytes for watchers that do not read.
SEND_BUFFER_BYTES: Final = 16_384

_RETRY: Final = {"retry-after": "10"}


class Watchers:
    """Limits watchers: `limit` in all, and `limit_per_address` from one address.

    `trusted` are the proxies whose `X-Forwarded-For` counts; see `client_address`.
    """

    def __init__(self, limit: int, limit_per_address: int, trusted: Sequence[Network] = ()) -> None:
        self._limit = limit
        self._limit_per_address = limit_per_address
        self._trusted = trusted
        self._watching: Counter[str] = Counter()
        self._connections: set[WatcherConnection] = set()

    @contextmanager
    def admit(self, request: Request) -> Iterator[None]:
        """Count a watcher while the context lasts; raise `ProblemError` at a limit."""
        forwarded_for = request.headers.getall("x-forwarded-for", [])
        address = client_address(request.ip, forwarded_for, self._trusted)
        if self._watching[address] >= self._limit_per_address:
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too many watchers from this address",
                headers=_RETRY,
            )
        if self._watching.total() >= self._limit:
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "too many watchers", headers=_RETRY)
        self._watching[address] += 1
        try:
            yield
        finally:
            self._watching[address] -= 1
            if not self._watching[address]:
                del self._watching[address]

    @contextmanager
    def connection(self, request: Request) -> Iterator[WatcherConnection]:
        """Take over a watcher's connection, once the head of the answer has been sent."""
        connection = WatcherConnection(request)
        self._connections.add(connection)
        try:
            yield connection
        finally:
            self._connections.discard(connection)

    def close(self) -> None:
        """Stop waiting for slow watchers."""
        for connection in self._connections:
            connection.hurry()


class WatcherConnection(asyncio.Protocol):
    """A connection that only sends, between the transport and Sanic's protocol.

    Only the unsent rest of one event is kept per watcher. A watcher that sends data is cut off:
    none is expected, and it would have to be buffered.
    """

    def __init__(self, request: Request) -> None:
        self._transport = cast("asyncio.Transport", request.transport)
        self._sanic = cast("HttpProtocol", self._transport.get_protocol())
        self._taken = asyncio.Event()
        self._taken.set()
        self._transport.set_protocol(self)
        self._transport.set_write_buffer_limits(high=0)  # paused while anything is unsent
        connection: socket.socket = self._transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        # A head may have thousands of fields and is no longer needed.
        request.headers = Header()
        request.head = b""
        if self._sanic.recv_buffer:
            self._transport.abort()

    async def send(self, data: bytes) -> bool:
        """Send `data`; return True once the system has taken all of it.

        If the watcher does not read enough in time, close the connection and return False.
        """
        await self._sanic.send(data)
        if self._taken.is_set():
            return True
        try:
            async with asyncio.timeout(STALLED_SECONDS):
                await self._taken.wait()
        except TimeoutError:
            WATCHERS_STALLED.inc()
            self._transport.abort()
            return False
        return True

    def hurry(self) -> None:
        """Let `send` return even if data is unsent."""
        self._taken.set()

    def pause_writing(self) -> None:
        """Note that the system did not take everything."""
        self._taken.clear()

    def resume_writing(self) -> None:
        """Note that the system has taken everything."""
        self._taken.set()

    def data_received(self, data: bytes) -> None:  # noqa: ARG002 - the transport calls it so
        """Cut off a watcher that sends data."""
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass the loss on to Sanic, which ends the request."""
        self._taken.set()
        self._sanic.connection_lost(exc)
