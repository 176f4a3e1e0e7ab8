"""Sanic for every service: problem+json for every error, bounds, and a graceful shutdown."""

import asyncio
import logging
import socket
import warnings
from collections.abc import Collection, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final, Literal

import msgspec
import uvloop
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder
from sanic import HTTPResponse, Request, Sanic
from sanic.config import Config
from sanic.exceptions import MethodNotAllowed, NotFound, SanicException
from sanic.handlers import ErrorHandler
from sanic.response import json, raw
from sanic.server import AsyncioServer
from sanic.server.protocols.http_protocol import HttpProtocol

from voting.http.connection import LIMITS, Connection, Exchange, TargetedRequest
from voting.http.connection_limit import ConnectionLimit, allow_connections
from voting.http.listening import BACKLOG, listen
from voting.http.problem import JSON_TYPE, HttpAnswer, ProblemError
from voting.http.unread_answers import UnreadAnswers
from voting.service.lifecycle import Readiness, stop_event
from voting.service.telemetry import READY
from voting.tracing.tracing import end_tracing, traces

_log = logging.getLogger(__name__)

# How long a stopping service waits for requests in progress: less than Kubernetes' default of 30 s.
GRACE_SECONDS: Final = 15.0
_LOOK_SECONDS: Final = 0.05

# The kernel's buffers per connection; the kernel reserves twice as much for its own bookkeeping.
_RECEIVE_BYTES: Final = 16_384
_SEND_BYTES: Final = 65_536

_SHOWN_PATH: Final = 100  # characters of a path in an answer


def new_app(name: str) -> Sanic[Any, Any]:
    """Return an app without an access log that answers every error with problem+json.

    An app with slow answers must call `close_if_stopping` for each of them. `ctx.client_left` is
    called with each request whose client left before it was answered.
    """
    app = Sanic(
        name,
        config=Config({**LIMITS}),
        request_class=TargetedRequest,
        strict_slashes=True,  # one path for one resource, so metrics and rules have one name for it
        configure_logging=False,
        error_handler=_ProblemHandler(),
    )
    app.ctx.connection_limit = ConnectionLimit()
    app.ctx.unread = UnreadAnswers()
    app.ctx.client_left = _nothing_to_do
    app.config.ACCESS_LOG = False
    app.config.MOTD = False
    app.ctx.traces = traces()
    if app.ctx.traces is not None:
        from voting.http.request_traces import trace_requests

        trace_requests(app, app.ctx.traces)
    # Sanic shows every deprecation; those in its own code do not concern our operators.
    warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"sanic\.")

    @app.before_server_stop
    async def end_connections(app: Sanic[Any, Any]) -> None:
        # Without this, Sanic keeps serving a busy connection and finally cuts it off.
        app.config.KEEP_ALIVE = False

    return app


def _nothing_to_do(_: Request) -> None:
    """Ignore a client that left."""


def close_if_stopping(request: Request) -> None:
    """Close the connection after the current answer if the service is stopping.

    Sanic reads its setting when a request arrives, which may have been before. A client that sends
    nothing more would then delay the end of the service by `GRACE_SECONDS`.
    """
    if not request.app.config.KEEP_ALIVE and isinstance(request.stream, Exchange):
        request.stream.keep_alive = False
        request.stream.protocol.lingers = True


class Status(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether a service is alive or ready, and if not, why."""

    status: Literal["ok", "ready", "not ready"]
    reason: str | None = None


def add_operations(
    app: Sanic[Any, Any], readiness: Readiness, openapi: Mapping[str, object] | None = None
) -> None:
    """Add the endpoints for operators: /healthz, /readyz, /metrics, and /openapi.json if given.

    Liveness means that the event loop runs, nothing else; readiness means that the service can
    take work now.
    """

    async def healthz(_: Request) -> HTTPResponse:
        return _status(Status("ok"))

    async def readyz(_: Request) -> HTTPResponse:
        if readiness.ready:
            return _status(Status("ready"))
        return _status(Status("not ready", readiness.reason), HTTPStatus.SERVICE_UNAVAILABLE)

    async def metrics(request: Request) -> HTTPResponse:
        # Only the OpenMetrics format, which Prometheus asks for, has exemplars.
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return raw(encode(REGISTRY), content_type=content_type)

    READY.set_function(lambda: readiness.ready)
    app.add_route(healthz, "/healthz", methods=["GET"])
    app.add_route(readyz, "/readyz", methods=["GET"])
    app.add_route(metrics, "/metrics", methods=["GET"])
    if openapi is not None:

        async def document(_: Request) -> HTTPResponse:
            return json(openapi)

        app.add_route(document, "/openapi.json", methods=["GET"])


def _status(body: Status, status: HTTPStatus = HTTPStatus.OK) -> HTTPResponse:
    return HTTPResponse(msgspec.json.encode(body), status, content_type=JSON_TYPE)


def open_port(app: Sanic[Any, Any], service: str, host: str, port: int) -> socket.socket:
    """Return the socket on which `app` listens, with bounds on what its connections take.

    Ends the process with status 1 and one line on standard error if the port is not available.
    """
    app.ctx.connection_limit.limit = allow_connections(app.ctx.connection_limit.limit)
    sock = listen(service, host, port)
    # By default the kernel gives a busy connection megabytes. Accepted sockets inherit this limit.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BYTES)
    return sock


def run_app(
    app: Sanic[Any, Any], host: str, port: int, protocol: type[HttpProtocol] = Connection
) -> None:
    """Serve until SIGTERM or SIGINT, then end gracefully; `protocol` handles the connections.

    There is one process: a cluster scales by pods. Sanic's own `run` loses a signal that arrives
    while the service starts.
    """
    sock = open_port(app, app.name, host, port)
    uvloop.run(_serve(app, sock, protocol))
    end_tracing()


async def _serve(app: Sanic[Any, Any], sock: socket.socket, protocol: type[HttpProtocol]) -> None:
    stop = stop_event()
    server = await new_server(app, sock, protocol)
    await server.startup()
    await server.before_start()
    await server.start_serving()
    await server.after_start()
    await stop.wait()
    await server.before_stop()
    server.close()
    await _end_connections(server.connections)
    await server.after_stop()


async def new_server(
    app: Sanic[Any, Any], sock: socket.socket, protocol: type[HttpProtocol]
) -> AsyncioServer:
    """Return a server of `app` in this event loop that takes no connections yet."""
    # Of an app that is prepared, Sanic leaves out what its other versions of HTTP and listeners
    # that nobody registered would add to each answer.
    app.prepare(sock=sock, protocol=protocol, access_log=False, motd=False, single_process=True)
    server = await app.create_server(
        sock=sock,
        protocol=protocol,
        backlog=BACKLOG,
        return_asyncio_server=True,
        asyncio_server_kwargs={"start_serving": False},
    )
    if server is None:  # allowed by Sanic's signature, never returned by its code
        raise RuntimeError(f"{app.name}: the HTTP server did not start")
    return server


async def _end_connections(connections: Collection[HttpProtocol]) -> None:
    """Close the idle connections, and wait for the requests in progress, within bounds."""
    for connection in tuple(connections):
        connection.close_if_idle()
    with suppress(TimeoutError):
        async with asyncio.timeout(GRACE_SECONDS):
            while connections:  # noqa: ASYNC110 - Sanic has no event for it
                await asyncio.sleep(_LOOK_SECONDS)
    for connection in tuple(connections):
        connection.abort()


def to_response(answer: HttpAnswer) -> HTTPResponse:
    """Return the answer as a response of Sanic's."""
    return HTTPResponse(
        answer.body,
        status=answer.status,
        headers=dict(answer.headers),
        content_type=answer.content_type,
    )


class _ProblemHandler(ErrorHandler):
    """Answers every exception with problem+json; only unexpected ones are logged."""

    def default(self, request: Request, exception: Exception) -> HTTPResponse:
        unforeseen = not isinstance(exception, ProblemError | SanicException)
        if unforeseen and isinstance(request.stream, Exchange):
            request.stream.keep_alive = False  # the state of the connection is unknown
        return to_response(problem_of(request.method, request.path, exception).answer())


def problem_of(method: str, path: str, error: BaseException) -> ProblemError:
    """Return the problem to answer an error with; log an unexpected error with its request."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, SanicException):
        problem = ProblemError(HTTPStatus(error.status_code), _detail(method, path, error))
        problem.headers.update(error.headers)
        return problem
    _log.error("failed to answer %s %s", method, path, exc_info=error)
    return ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "unexpected error; see the service's log")


def _detail(method: str, path: str, error: SanicException) -> str:
    shown = path if len(path) <= _SHOWN_PATH else path[:_SHOWN_PATH] + "..."
    if isinstance(error, NotFound):
        hint = "; send votes to /votes" if path.rstrip("/") == "/votes" else ""
        return f"nothing found at {shown}{hint}"
    if isinstance(error, MethodNotAllowed):
        return f"{method} is not allowed on {shown}"
    # The message may quote bytes of the client's that are not valid text.
    return str(error).encode(errors="backslashreplace").decode()
