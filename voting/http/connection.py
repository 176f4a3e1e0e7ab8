"""A connection of our services: Sanic's own, with a bound on every resource a client can use.

Sanic itself restarts a request's timer with each byte, reads bodies that no handler wants, serves
all pipelined requests of a client in one iteration of the event loop, and waits forever for the
rest of a body it has given up on.
"""

from asyncio import sleep
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from time import monotonic
from typing import Any, Final

from sanic import Request, Sanic
from sanic.exceptions import (
    BadRequest,
    PayloadTooLarge,
    RequestTimeout,
    SanicException,
    ServiceUnavailable,
)
from sanic.http import Http, Stage
from sanic.server.protocols.http_protocol import HttpProtocol

from voting.http.connection_limit import ConnectionLimit
from voting.http.problem import ProblemError

HEAD_MAX: Final = 16_384  # bytes of a request's line and headers

# What `HttpProtocol` reads from the app's configuration.
LIMITS: Final[Mapping[str, Any]] = {
    "REQUEST_TIMEOUT": 20,  # seconds from a request's first byte to its last
    "REQUEST_MAX_SIZE": 4096,  # bytes of a body, where a handler reads one
    "REQUEST_BUFFER_SIZE": 24_576,  # bytes read ahead; a whole request is smaller
}

# Bytes of unread answers kept per client, in addition to the last answer; Sanic keeps 64 kB.
_UNSENT_BYTES: Final = 8192

# A client that is still sending an unwanted body, or requests to a stopping service, should see the
# answer before the connection closes: the server keeps reading for at most this long and this many
# bytes. Else the kernel resets the connection, and the client may lose the answer.
_LINGER_SECONDS: Final = 1.0
_LINGER_BYTES: Final = 262_144


class TargetedRequest(Request[Any, Any]):
    """A request whose method and target are printable; any other is refused with 400."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        if not self.method.isascii() or not self.method.isprintable():
            raise BadRequest("the method is not a valid token")
        if not self._parsed_url.path:  # CONNECT host:80, POST host:80
            raise BadRequest("the target has no path")


class Exchange(Http):
    """The requests and answers of one connection, one after another."""

    __slots__ = ()

    HEADER_MAX_SIZE = HEAD_MAX

    protocol: Connection
    request_body: Any  # true or "chunked" while there is more of it
    request_bytes_left: Any

    async def http1_request_header(self) -> None:
        """Receive a request's head and decide on its body."""
        if not self.protocol.waited:
            await sleep(0)  # pipelined requests take turns with other connections
        self.protocol.waited = False
        try:
            await super().http1_request_header()  # type: ignore[no-untyped-call]
        except PayloadTooLarge:
            raise ProblemError(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                f"the headers exceed {HEAD_MAX} bytes",
            ) from None
        if self.head_only:
            self.request.method = "GET"  # same answer; Sanic omits the body
        if self.request_body is True and self.request_bytes_left == 0:
            self.request_body = None
        elif self.request_body and not self._wants_body(self.request):
            self.leave_body()
        elif self.request_bytes_left > self.request_max_size:
            raise self._too_large()

    async def read(self) -> bytes | None:
        """Read some bytes of the body."""
        try:
            data = await super().read()
        except PayloadTooLarge:
            raise self._too_large() from None
        return data

    async def error_response(self, exception: Exception) -> None:
        """Answer an error, unless the client has left."""
        if self.protocol.gone:
            self.request_body = None
            self.keep_alive = False
            if self.request is not None:
                self.protocol.app.ctx.client_left(self.request)
            return
        await super().error_response(exception)
        if self.request_body and not self.keep_alive:
            self.leave_body()

    def create_empty_request(self) -> None:
        """Create a stand-in for a request that cannot be parsed; its target may be invalid."""
        self.url = None
        super().create_empty_request()

    async def head_response_ignored(  # type: ignore[override]
        self, data: bytes, end_stream: bool
    ) -> None:
        """Omit a body sent in pieces; Sanic's own method cannot be awaited."""
        super().head_response_ignored(data, end_stream)

    def leave_body(self) -> None:
        """Stop reading, and close the connection after the answer."""
        self.request_body = None
        self.expecting_continue = False
        self.keep_alive = False
        self.protocol.lingers = True

    def _wants_body(self, request: Request) -> bool:
        host = request.headers.getone("host", None)
        try:
            route, _, _ = self.protocol.app.router.get(request.path, request.method, host)
        except SanicException:
            return False
        return not route.extra.ignore_body

    def _too_large(self) -> ProblemError:
        self.leave_body()
        return ProblemError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"the body exceeds {self.protocol.request_max_size} bytes",
        )


class Connection(HttpProtocol):
    """A connection on which every request has a deadline.

    Timeouts count from `_time`: the last answer while idle, else the first byte of the current
    request, or the last piece sent of a streamed answer. Further bytes of a request do not reset
    it.
    """

    HTTP_CLASS = Exchange

    __slots__ = ("_ending", "_given_up", "_unread", "lingers", "waited")

    def __init__(self, *, app: Sanic[Any, Any], **kwargs: Any) -> None:
        super().__init__(app=app, **kwargs)
        self.waited = False  # whether the connection waited for the current request
        self.lingers = False  # whether the client may still be sending what is not wanted
        self._ending = False
        self._unread = 0  # bytes received after the last answer
        self._given_up = False

    @property
    def gone(self) -> bool:
        """Whether the client can no longer be answered."""
        return self.transport is None or self.transport.is_closing()

    @property
    def idle_seconds(self) -> float:
        """How long the connection has waited for a request; 0 if one is in progress."""
        http = self.http
        if http is None or http.stage is not Stage.IDLE:
            return 0.0
        return monotonic() - self._time

    def connection_made(self, transport: Any) -> None:
        """Start, unless the service is at its limit of connections."""
        limit: ConnectionLimit = self.app.ctx.connection_limit
        if limit.admits(self.connections):
            super().connection_made(transport)  # type: ignore[no-untyped-call]
            transport.set_write_buffer_limits(high=_UNSENT_BYTES)
        else:
            transport.write(limit.refusal)
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the connection, if it was started."""
        if self.conn_info is not None:
            super().connection_lost(exc)  # type: ignore[no-untyped-call]

    def pause_writing(self) -> None:
        """Stop sending: the client does not read."""
        super().pause_writing()  # type: ignore[no-untyped-call]
        if self.transport is not None:
            self.app.ctx.unread.hold(self, self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """Resume sending; also called when the connection ends."""
        super().resume_writing()  # type: ignore[no-untyped-call]
        self.app.ctx.unread.release(self)

    def data_received(self, data: bytes) -> None:
        """Pass bytes to Sanic without resetting the request's timer."""
        if self.conn_info is None:
            return
        if self._ending:
            self._unread += len(data)
            if self._unread > _LINGER_BYTES:
                self.close()
            return
        http = self.http
        since = self._time
        super().data_received(data)
        if http is not None and http.stage is not Stage.IDLE:
            self._time = since

    async def receive_more(self) -> None:
        """Wait for more bytes, and note that the connection waited."""
        await super().receive_more()  # type: ignore[no-untyped-call]
        self.waited = True

    def check_timeouts(self) -> None:
        """End a request or an answer that takes too long; Sanic schedules the first run."""
        http = self.http
        if self._task is None or http is None or self.transport is None:
            return  # it has ended
        seconds = monotonic() - self._time
        shortest = min(self.keep_alive_timeout, self.request_timeout, self.response_timeout)
        self._callback_check_timeouts = self.loop.call_later(
            max(0.1, shortest / 2), self.check_timeouts
        )
        if http.stage is Stage.IDLE:
            if seconds > self.keep_alive_timeout:
                self._task.cancel()
        elif http.stage is Stage.REQUEST or http.request_body:
            if seconds > self.request_timeout:
                self._give_up(RequestTimeout("the request did not arrive in time"))
        elif seconds > self.response_timeout:
            self._give_up(ServiceUnavailable("Response Timeout"))

    def close_if_idle(self) -> bool:
        """Close the connection unless a request has come; Sanic may not have looked at it yet."""
        return not self.recv_buffer and super().close_if_idle()

    def close(self, timeout: float | None = None) -> None:
        """Close the connection, after a moment if the client may still be sending."""
        if not self.lingers or self._ending or self.transport is None or self.gone:
            super().close(timeout)
            return
        self._ending = True
        self.recv_buffer.clear()
        with suppress(OSError):  # the client may have cut the connection already
            self.transport.write_eof()
        self.transport.resume_reading()
        self.loop.call_later(_LINGER_SECONDS, partial(super().close, timeout))

    def _give_up(self, error: SanicException) -> None:
        """Answer with `error`; abort if the client does not take that answer either."""
        if self._given_up and self.transport is not None:
            self.transport.abort()
        elif self._task is not None:
            self._given_up = True
            self._http.exception = error
            self._task.cancel()
