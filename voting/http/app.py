"""The HTTP face of our services: Sanic as we use it, with problem+json for every error."""

import logging
import socket
import warnings
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sanic import HTTPResponse, Request, Sanic
from sanic.config import Config
from sanic.exceptions import MethodNotAllowed, NotFound, SanicException
from sanic.handlers import ErrorHandler
from sanic.http import Http
from sanic.response import json, raw
from sanic.server.protocols.http_protocol import HttpProtocol

from voting.http.connection import LIMITS, Connection, TargetedRequest
from voting.http.connection_limit import Places, allow_connections
from voting.http.listening import BACKLOG, listen
from voting.http.problem import Answer, ProblemError
from voting.http.unread_answers import UnreadAnswers
from voting.service.lifecycle import Readiness
from voting.service.telemetry import READY

_log = logging.getLogger(__name__)

# How long a stopping service waits for the requests it has begun; under the 30 s of grace that
# Kubernetes gives by default.
GRACE_SECONDS: Final = 15.0

# What the kernel holds for a connection beside us; it takes twice that for its own book-keeping.
_RECEIVE_BYTES: Final = 16_384
_SEND_BYTES: Final = 65_536

_SHOWN_PATH: Final = 100  # characters of a path in an answer


def new_app(name: str) -> Sanic[Any, Any]:
    """Return an app without access log, whose every error is a problem+json answer.

    An app whose answers take time calls `say_goodbye` with each of them. `ctx.client_left` is
    called with a request whose client went away before it had an answer.
    """
    app = Sanic(
        name,
        config=Config({**LIMITS}),
        request_class=TargetedRequest,
        strict_slashes=True,  # one path for one thing, so that it has one name in metrics and rules
        configure_logging=False,
        error_handler=_ProblemHandler(),
    )
    app.ctx.places = Places()
    app.ctx.unread = UnreadAnswers()
    app.ctx.client_left = _nothing_to_do
    app.config.ACCESS_LOG = False
    app.config.MOTD = False
    app.config.GRACEFUL_SHUTDOWN_TIMEOUT = GRACE_SECONDS
    # Sanic shows deprecations to everybody; those in its own code are not for our operators.
    warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"sanic\.")

    @app.before_server_stop
    async def end_connections(app: Sanic[Any, Any]) -> None:
        # Sanic itself would go on with a busy connection, and at last cut it off.
        app.config.KEEP_ALIVE = False

    return app


def _nothing_to_do(_: Request) -> None:
    """Let a client go."""


def say_goodbye(request: Request) -> None:
    """Let the answer under way be the last of its connection if the service is about to end.

    Sanic looks at its setting when the request comes, which may have been before. A client that
    then sent no more would keep the service from ending for `GRACE_SECONDS`.
    """
    if not request.app.config.KEEP_ALIVE and isinstance(request.stream, Http):
        request.stream.keep_alive = False


def add_operations(
    app: Sanic[Any, Any], readiness: Readiness, openapi: Mapping[str, object] | None = None
) -> None:
    """Add what operators ask for: /healthz, /readyz, /metrics, and /openapi.json if there is one.

    Liveness says that the event loop turns and nothing else; readiness that work can be taken
    now.
    """

    async def healthz(_: Request) -> HTTPResponse:
        return json({"status": "ok"})

    async def readyz(_: Request) -> HTTPResponse:
        if readiness.ready:
            return json({"status": "ready"})
        return json({"status": "not ready", "reason": readiness.reason}, status=503)

    async def metrics(_: Request) -> HTTPResponse:
        return raw(generate_latest(), content_type=CONTENT_TYPE_LATEST)

    READY.set_function(lambda: readiness.ready)
    app.add_route(healthz, "/healthz", methods=["GET"])
    app.add_route(readyz, "/readyz", methods=["GET"])
    app.add_route(metrics, "/metrics", methods=["GET"])
    if openapi is not None:

        async def document(_: Request) -> HTTPResponse:
            return json(openapi)

        app.add_route(document, "/openapi.json", methods=["GET"])


def open_port(app: Sanic[Any, Any], service: str, host: str, port: int) -> socket.socket:
    """Return the socket on which `app` listens, with bounds on what its connections take.

    Ends the process with status 1 and one line on standard error when the port cannot be had.
    """
    app.ctx.places.most = allow_connections(app.ctx.places.most)
    sock = listen(service, host, port)
    # The kernel gives a busy connection some MB unless told; those accepted have what it has.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BYTES)
    return sock


def run_app(
    app: Sanic[Any, Any], host: str, port: int, protocol: type[HttpProtocol] = Connection
) -> None:
    """Serve until SIGTERM or SIGINT, then end gracefully.

    `protocol` is what handles the connections.

    One process: a cluster scales by pods, and Sanic's worker manager may loop when it is
    stopped while it starts.
    """
    sock = open_port(app, app.name, host, port)
    app.run(
        sock=sock,
        backlog=BACKLOG,
        protocol=protocol,
        single_process=True,
        access_log=False,
        motd=False,
    )


def to_response(answer: Answer) -> HTTPResponse:
    """Return Sanic's form of an answer."""
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
        if unforeseen and isinstance(request.stream, Http):
            request.stream.keep_alive = False  # who knows what is left of the connection
        return to_response(problem_of(request.method, request.path, exception).answer())


def problem_of(method: str, path: str, error: BaseException) -> ProblemError:
    """Return what a client is told of an error; an unexpected one is logged with the request."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, SanicException):
        problem = ProblemError(HTTPStatus(error.status_code), _detail(method, path, error))
        problem.headers.update(error.headers)
        return problem
    _log.error("cannot answer %s %s", method, path, exc_info=error)
    return ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "an unexpected error; see the log")


def _detail(method: str, path: str, error: SanicException) -> str:
    shown = path if len(path) <= _SHOWN_PATH else path[:_SHOWN_PATH] + "..."
    if isinstance(error, NotFound):
        hint = "; votes go to /votes" if path.rstrip("/") == "/votes" else ""
        return f"there is nothing at {shown}{hint}"
    if isinstance(error, MethodNotAllowed):
        return f"{method} is not allowed at {shown}"
    # What a client sent as no text at all may be in it.
    return str(error).encode(errors="backslashreplace").decode()
