"""A connection of our services: Sanic's own, with a bound on everything a client can take.

Sanic starts a request's time anew with each byte, reads bodies that nobody wants, serves all that
a client has sent ahead in one turn of the event loop, and waits without end for a body to go on
after it gave it up.
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

from voting.http.connection_limit import Places
from voting.http.problem import ProblemError

HEAD_MAX: Final = 16_384  # bytes of a request's line and headers

# What `HttpProtocol` reads from the app's configuration.
LIMITS: Final[Mapping[str, Any]] = {
    "REQUEST_TIMEOUT": 20,  # seconds from a request's first byte to its last
    "REQUEST_MAX_SIZE": 4096,  # bytes of a body, where one is wanted
    "REQUEST_BUFFER_SIZE": 24_576,  # more is not read ahead: a whole request has less
}

# What is kept of answers that a client does not read, beside the last one; Sanic keeps 64 kB.
_UNSENT_BYTES: Final = 8192

# A client that still sends what nobody wants shall see the answer before the connection breaks:
# so long, and for so many bytes, it is waited for.
_LINGER_SECONDS: Final = 1.0
_LINGER_BYTES: Final = 262_144


class TargetedRequest(Request[Any, Any]):
    """A request whose method and target can be named."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        if not self.method.isascii() or not self.method.isprintable():
            raise BadRequest("the method is no word")
        if not self._parsed_url.path:  # CONNECT host:80, POST host:80
            raise BadRequest("the target has no path")


class Exchange(Http):
    """The requests and answers of one connection, one after the other."""

    __slots__ = ()

    HEADER_MAX_SIZE = HEAD_MAX

    protocol: Connection
    request_body: Any  # true or "chunked" as long as there is more of it
    request_bytes_left: Any

    async def http1_request_header(self) -> None:
        """Receive a request's head and decide on its body."""
        if not self.protocol.waited:
            await sleep(0)  # what was sent ahead is served in turns with the other connections
        self.protocol.waited = False
        try:
            await super().http1_request_header()  # type: ignore[no-untyped-call]
        except PayloadTooLarge:
            raise ProblemError(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                f"the headers have more than {HEAD_MAX} bytes",
            ) from None
        if self.head_only:
            self.request.method = "GET"  # answered alike; Sanic leaves the body out
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
        """Answer an error, unless nobody is there to read it."""
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
        """Make the request of an answer to what is none; its target may be what is wrong."""
        self.url = None
        super().create_empty_request()

    async def head_response_ignored(  # type: ignore[override]
        self, data: bytes, end_stream: bool
    ) -> None:
        """Leave out a body that is sent in pieces; Sanic's own cannot be awaited."""
        super().head_response_ignored(data, end_stream)

    def leave_body(self) -> None:
        """Let the answer be the last one of its connection, and read no more."""
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
            f"the body has more than {self.protocol.request_max_size} bytes",
        )


class Connection(HttpProtocol):
    """A connection whose every request has an end.

    `_time` is what its clock counts from: while idle the last answer, else the first byte of the
    request under way, or the last piece of an answer that leaves in pieces. No byte of a request
    starts it anew.
    """

    HTTP_CLASS = Exchange

    __slots__ = ("_ending", "_given_up", "_unread", "lingers", "waited")

    def __init__(self, *, app: Sanic[Any, Any], **kwargs: Any) -> None:
        super().__init__(app=app, **kwargs)
        self.waited = False  # whether the request under way came after a wait
        self.lingers = False  # whether the client may still send what nobody reads
        self._ending = False
        self._unread = 0  # bytes that came after the last answer
        self._given_up = False

    @property
    def gone(self) -> bool:
        """Whether nobody can be answered any more."""
        return self.transport is None or self.transport.is_closing()

    @property
    def idle_seconds(self) -> float:
        """How long the connection has waited for a request; 0 if one is under way."""
        http = self.http
        if http is None or http.stage is not Stage.IDLE:
            return 0.0
        return monotonic() - self._time

    def connection_made(self, transport: Any) -> None:
        """Begin, if there is a place."""
        places: Places = self.app.ctx.places
        if places.take(self.connections):
            super().connection_made(transport)  # type: ignore[no-untyped-call]
            transport.set_write_buffer_limits(high=_UNSENT_BYTES)
        else:
            transport.write(places.refusal)
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """End, if it has begun."""
        if self.conn_info is not None:
            super().connection_lost(exc)  # type: ignore[no-untyped-call]

    def pause_writing(self) -> None:
        """Send no more for now: the client does not read."""
        super().pause_writing()  # type: ignore[no-untyped-call]
        if self.transport is not None:
            self.app.ctx.unread.hold(self, self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """Send again; also called at the end."""
        super().resume_writing()  # type: ignore[no-untyped-call]
        self.app.ctx.unread.release(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes for Sanic."""
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
        """Wait for more bytes, for Sanic."""
        await super().receive_more()  # type: ignore[no-untyped-call]
        self.waited = True

    def check_timeouts(self) -> None:
        """Look now and then whether a request or an answer takes too long; Sanic begins it."""
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
                self._give_up(RequestTimeout("the request did not come to its end in time"))
        elif seconds > self.response_timeout:
            self._give_up(ServiceUnavailable("Response Timeout"))

    def close(self, timeout: float | None = None) -> None:
        """End the connection, a little later if the client may still be sending."""
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
        """Answer with `error`; end at once if even that answer is not taken."""
        if self._given_up and self.transport is not None:
            self.transport.abort()
        elif self._task is not None:
            self._given_up = True
            self._http.exception = error
            self._task.cancel()
