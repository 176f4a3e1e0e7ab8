"""The split and the header, with tiny real backends."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from local.ports import free_port
from local.traefik_server import CANARY_HEADER, TraefikServer


class Backend(ThreadingHTTPServer):
    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(("127.0.0.1", free_port()), Answer)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    """Answers with the backend's name."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet
    server: Backend

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.name)))
        self.end_headers()
        self.wfile.write(self.server.name.encode())

    do_GET = do_POST = answer  # noqa: N815 - the base's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Stay silent."""


@pytest.fixture(scope="module")
def entry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TraefikServer]:
    backends = [Backend(name) for name in ("grpc", "http", "results")]
    urls = {backend.name: backend.url for backend in backends}
    with TraefikServer(free_port(), free_port(), tmp_path_factory.mktemp("entry"), urls) as server:
        yield server
    for backend in backends:
        backend.shutdown()
        backend.server_close()


def ask(entry: TraefikServer, path: str, times: int = 1, canary: str | None = None) -> Counter[str]:
    """Who answered how often."""
    method = "POST" if path == "/votes" else "GET"
    headers = {CANARY_HEADER: canary} if canary else {}
    answers: Counter[str] = Counter()
    with closing(HTTPConnection(entry.host, entry.port, timeout=10)) as connection:
        for _ in range(times):
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            assert response.status == 200
            answers[response.read().decode()] += 1
    return answers


def test_votes_are_split_in_halves(entry: TraefikServer) -> None:
    assert ask(entry, "/votes", 200) == {"grpc": 100, "http": 100}


@pytest.mark.parametrize(("canary", "route"), [("always", "http"), ("never", "grpc")])
def test_the_header_forces_the_route(entry: TraefikServer, canary: str, route: str) -> None:
    assert ask(entry, "/votes", 20, canary) == {route: 20}


def test_another_value_of_the_header_forces_nothing(entry: TraefikServer) -> None:
    assert ask(entry, "/votes", 20, "perhaps") == {"grpc": 10, "http": 10}


@pytest.mark.parametrize("path", ["/", "/api/votes?limit=3", "/static/page.js", "/votesx"])
def test_everything_else_goes_to_the_results(entry: TraefikServer, path: str) -> None:
    assert ask(entry, path) == {"results": 1}
