"""The split and the header, with tiny real backends."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import partial
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from harness.processes.ports import free_port
from harness.processes.waiting import usual_seconds, wait_until
from harness.servers.traefik_server import TraefikServer
from voting.domain.headers import CANARY_HEADER, UNARY_HOST


class Backend(ThreadingHTTPServer):
    def __init__(self, name: str, port: int | None = None) -> None:
        self.name = name
        self.ready = True
        self.connections: list[socket.socket] = []
        super().__init__(("127.0.0.1", port or free_port()), Answer)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self.connections.append(connection)
        return connection, address

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def stop(self) -> None:
        """End it and its connections, like a process that is killed."""
        self.shutdown()
        self.server_close()
        for connection in self.connections:
            with suppress(OSError):  # it has ended by itself
                connection.shutdown(socket.SHUT_RDWR)


class Answer(BaseHTTPRequestHandler):
    """Answers with the backend's name; at /readyz with 503 when the backend is not ready."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet
    server: Backend

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        ready = self.server.ready or self.path != "/readyz"
        self.send_response(200 if ready else 503)
        self.send_header("Content-Length", str(len(self.server.name)))
        self.end_headers()
        self.wfile.write(self.server.name.encode())

    do_GET = do_POST = answer  # noqa: N815 - the base's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Log nothing."""


@pytest.fixture(scope="module")
def backends() -> Iterator[dict[str, Backend]]:
    backends = {
        name: Backend(name)
        for name in ("grpc", "grpc-unary", "http", "notary", "results", "voters")
    }
    yield backends
    for backend in backends.values():
        backend.stop()


@pytest.fixture(scope="module")
def entry(
    backends: dict[str, Backend], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TraefikServer]:
    urls = {name: backend.url for name, backend in backends.items()}
    with TraefikServer(free_port(), free_port(), tmp_path_factory.mktemp("entry"), urls) as server:
        yield server


def ask(
    entry: TraefikServer,
    path: str,
    times: int = 1,
    canary: str | None = None,
    host: str | None = None,
) -> Counter[str]:
    """Return how often each backend answered; a status other than 200 counts as `#status`."""
    method = "POST" if path == "/votes" else "GET"
    given = {CANARY_HEADER: canary, "Host": host}
    headers = {name: value for name, value in given.items() if value}
    answers: Counter[str] = Counter()
    with closing(HTTPConnection(entry.host, entry.port, timeout=10)) as connection:
        for _ in range(times):
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            body = response.read().decode()
            answers[body if response.status == 200 else f"#{response.status}"] += 1
    return answers


def test_votes_are_split_in_halves(entry: TraefikServer) -> None:
    assert ask(entry, "/votes", 200) == {"grpc": 100, "http": 100}


@pytest.mark.parametrize(("canary", "route"), [("always", "http"), ("never", "grpc")])
def test_the_header_forces_the_route(entry: TraefikServer, canary: str, route: str) -> None:
    assert ask(entry, "/votes", 20, canary) == {route: 20}


@pytest.mark.parametrize("canary", ["always", "never", None])
def test_a_host_of_its_own_leads_to_unary_calls_whatever_the_header(
    entry: TraefikServer, canary: str | None
) -> None:
    assert ask(entry, "/votes", 20, canary, UNARY_HOST) == {"grpc-unary": 20}
    assert ask(entry, "/", host=UNARY_HOST) == {"results": 1}


def test_without_unary_calls_their_host_is_like_any_other(limited_entry: TraefikServer) -> None:
    assert ask(limited_entry, "/votes", 4, host=UNARY_HOST) == {"grpc": 2, "http": 2}


def test_another_value_of_the_header_forces_nothing(entry: TraefikServer) -> None:
    assert ask(entry, "/votes", 20, "perhaps") == {"grpc": 10, "http": 10}


def test_voters_get_their_tokens_at_a_path_of_their_own(entry: TraefikServer) -> None:
    assert ask(entry, "/voters/best-album") == {"voters": 1}


@pytest.mark.parametrize(
    "path", ["/receipts/1", "/api/receipts/1", "/notary/0/checkpoint", "/notary/0/tile/0/000"]
)
def test_receipts_and_trees_come_from_the_notary(entry: TraefikServer, path: str) -> None:
    assert ask(entry, path) == {"notary": 1}


@pytest.mark.parametrize(
    "path", ["/", "/api/votes?limit=3", "/static/page.js", "/votesx", "/votersx"]
)
def test_everything_else_goes_to_the_results(entry: TraefikServer, path: str) -> None:
    assert ask(entry, path) == {"results": 1}


SPLIT = {"grpc": 20, "http": 20}
NOTICED_SECONDS = 3


def wait_for_votes(entry: TraefikServer, wanted: dict[str, int]) -> None:
    wait_until(lambda: ask(entry, "/votes", 40) == wanted, f"{wanted} of 40 votes")


@pytest.mark.parametrize(("gone", "other"), [("grpc", "http"), ("http", "grpc")])
def test_a_route_that_is_killed_leaves_all_votes_to_the_other(
    entry: TraefikServer, backends: dict[str, Backend], gone: str, other: str
) -> None:
    wait_for_votes(entry, SPLIT)
    port = backends[gone].server_port

    def lose() -> None:
        backends[gone].stop()
        wait_for_votes(entry, {other: 40})

    def regain() -> None:
        backends[gone] = Backend(gone, port)
        wait_for_votes(entry, SPLIT)

    assert max(usual_seconds(lose, regain, times=3)) < NOTICED_SECONDS


@pytest.mark.parametrize(("gone", "other"), [("grpc", "http"), ("http", "grpc")])
def test_a_route_that_is_not_ready_leaves_all_votes_to_the_other(
    entry: TraefikServer, backends: dict[str, Backend], gone: str, other: str
) -> None:

    def lose() -> None:
        backends[gone].ready = False
        wait_for_votes(entry, {other: 40})

    def regain() -> None:
        backends[gone].ready = True
        wait_for_votes(entry, SPLIT)

    assert max(usual_seconds(lose, regain, times=3)) < NOTICED_SECONDS
    lose()
    forced = {"http": "always", "grpc": "never"}[gone]
    assert ask(entry, "/votes", 10, forced) == {gone: 10}  # forced votes get its own answer
    regain()


def test_when_no_route_is_ready_each_gives_its_own_answer(
    entry: TraefikServer, backends: dict[str, Backend]
) -> None:
    def change(routes: dict[str, bool], wanted: dict[str, int]) -> None:
        for route, ready in routes.items():
            backends[route].ready = ready
        wait_for_votes(entry, wanted)

    one_away = partial(change, {"grpc": False}, {"http": 40})
    none_left = partial(change, {"http": False}, SPLIT)
    both_back = partial(change, {"grpc": True, "http": True}, SPLIT)
    seconds = usual_seconds(one_away, none_left, both_back, times=3)
    assert max(seconds) < NOTICED_SECONDS


VOTES_PER_SECOND = 5
AT_ONCE = 2 * VOTES_PER_SECOND


@pytest.fixture
def limited_entry(backends: dict[str, Backend], tmp_path: Path) -> Iterator[TraefikServer]:
    """Run an entry that has not seen any client yet."""
    urls = {name: backend.url for name, backend in backends.items() if name != "grpc-unary"}
    ports = free_port(), free_port()
    with TraefikServer(*ports, tmp_path, urls, votes_per_second=VOTES_PER_SECOND) as server:
        yield server


def vote_from(
    entry: TraefikServer, address: str, times: int, path: str = "/votes", **headers: str
) -> list[HTTPResponse]:
    """Return the answers to votes from one of this machine's addresses, sent back to back."""
    answers = []
    connection = HTTPConnection(entry.host, entry.port, timeout=10, source_address=(address, 0))
    with closing(connection):
        for _ in range(times):
            connection.request("POST", path, headers=headers)
            answers.append(connection.getresponse())
            answers[-1].read()
    return answers


def taken(answers: list[HTTPResponse]) -> int:
    return sum(answer.status == 200 for answer in answers)


def most_since(begin: float) -> float:
    """Return how many votes of an address may have passed since this monotonic time.

    Traefik counts in whole seconds when it forgets an idle address, so it may after just over one.
    """
    return AT_ONCE * (1 + time.monotonic() - begin)


def test_an_address_over_the_limit_gets_429_with_retry_after(limited_entry: TraefikServer) -> None:
    begin = time.monotonic()
    answers = vote_from(limited_entry, "127.0.0.1", AT_ONCE + 20)
    assert AT_ONCE <= taken(answers) <= most_since(begin)
    refused = [answer for answer in answers if answer.status != 200]
    assert {answer.status for answer in refused} == {429}
    assert {answer.headers["Retry-After"] for answer in refused} == {"1"}


def test_an_address_over_the_limit_may_soon_vote_again(limited_entry: TraefikServer) -> None:
    use_up = partial(vote_from, limited_entry, "127.0.0.1", AT_ONCE + 20)

    def wait() -> None:
        wait_until(lambda: taken(vote_from(limited_entry, "127.0.0.1", 1)) == 1, "a vote again")

    _, again = usual_seconds(use_up, wait, times=3)
    assert again < 3


def test_a_burst_of_votes_from_one_address_passes(limited_entry: TraefikServer) -> None:
    assert taken(vote_from(limited_entry, "127.0.0.1", AT_ONCE)) == AT_ONCE


def test_one_address_does_not_use_up_what_another_may_send(limited_entry: TraefikServer) -> None:
    vote_from(limited_entry, "127.0.0.1", AT_ONCE + 20)
    assert taken(vote_from(limited_entry, "127.0.0.2", AT_ONCE)) == AT_ONCE


def test_no_header_changes_the_address(limited_entry: TraefikServer) -> None:
    begin = time.monotonic()
    answers = vote_from(limited_entry, "127.0.0.1", AT_ONCE + 20)
    names = ("X-Forwarded-For", "X-Real-Ip", "Forwarded")
    for number, name in enumerate(names):
        header = {name: f"192.0.2.{number}"}
        answers += vote_from(limited_entry, "127.0.0.1", AT_ONCE, **header)
    assert taken(answers) <= most_since(begin)


def test_reading_is_not_limited(limited_entry: TraefikServer) -> None:
    vote_from(limited_entry, "127.0.0.1", AT_ONCE + 20)
    assert taken(vote_from(limited_entry, "127.0.0.1", 30, "/api/results")) == 30
