"""For tests: an HTTP server that answers votes as the entry and both routes do."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, override

from voting.domain.vote import Route

type Reply = tuple[int, dict[str, Any]]  # status and JSON body


def accept(vote: dict[str, Any], _: Route) -> Reply:
    """Accept a vote, refuse one without a name."""
    if "name" not in vote:
        return 422, {"title": "Unprocessable Entity", "status": 422, "field": "name"}
    return 202, {"id": vote.get("id", "00000000-0000-4000-8000-000000000001")}


class RoutesServer(ThreadingHTTPServer):
    """Answers by `reply(vote, route)`; without a header that forces a route, they take turns."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, reply: Callable[[dict[str, Any], Route], Reply]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reply = reply
        self.received: list[tuple[dict[str, Any], Route]] = []
        self.connections: set[int] = set()  # by the client's port
        self.hosts: set[str] = set()
        self._turn = 0
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """The URL of the server."""
        return f"http://127.0.0.1:{self.server_port}"

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log nothing of clients that go away, as load generators do when they end."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def route_of(self, canary: str | None) -> Route:
        """Return the route for a request with this header."""
        if canary in {"always", "never"}:
            return Route.HTTP if canary == "always" else Route.GRPC
        with self._lock:
            self._turn += 1
            return list(Route)[self._turn % 2]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet
    server: RoutesServer

    def do_POST(self) -> None:
        vote = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        route = self.server.route_of(self.headers["X-Vote-Canary"])
        self.server.received.append((vote, route))
        self.server.hosts.add(self.headers["Host"])
        self.server.connections.add(self.client_address[1])
        status, body = self.server.reply(vote, route)
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.send_header("X-Vote-Route", route)
        self.end_headers()
        self.wfile.write(text)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


@contextmanager
def routes_server(
    reply: Callable[[dict[str, Any], Route], Reply] = accept,
) -> Iterator[RoutesServer]:
    """Run a server while the block runs."""
    server = RoutesServer(reply)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
