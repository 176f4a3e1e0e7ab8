"""The poll to vote in, read from a server of our own."""

import asyncio
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from loadtest.command.poll import OpenPoll, PollVoters, read_poll
from loadtest.model.catalogue import Album, Catalogue
from loadtest.reconcile.stores import UnreachableError

POLL: dict[str, Any] = {
    "id": "finals",
    "phase": "open",
    "closes_at": None,
    "rank_min": 1,
    "rank_max": 5,
    "entries": [{"id": "a", "name": "Rush", "album": "2112", "year": 1976, "sleeve": {}}],
}
VOTERS = {"scope": "tickets", "votes": 3, "per_entry": False}
ANSWERS = {
    "/api/polls/finals": (200, json.dumps(POLL)),
    "/api/polls/early": (200, json.dumps(POLL | {"phase": "not_open"})),
    "/api/polls/tickets": (200, json.dumps(POLL | {"voters": VOTERS | {"ways": ["codes"]}})),
    "/api/polls/odd": (200, "<html>"),
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = ANSWERS.get(self.path, (404, "{}"))
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_open_poll_is_a_catalogue(target: str) -> None:
    albums = (Album("Rush", "2112", 1976, entry="a"),)
    found = asyncio.run(read_poll(target, "finals"))
    assert found == OpenPoll(Catalogue(albums, "finals", 1, 5), None)


def test_a_poll_says_how_often_its_voters_may_vote(target: str) -> None:
    found = asyncio.run(read_poll(target, "tickets"))
    assert found.voters == PollVoters("tickets", 3, per_entry=False)


@pytest.mark.parametrize(
    ("poll", "reason"),
    [
        ("early", "poll early is not open: its phase is not_open"),
        ("odd", "is not a poll"),
        ("missing", "answered 404"),
    ],
)
def test_what_cannot_be_voted_in_is_named(target: str, poll: str, reason: str) -> None:
    with pytest.raises(UnreachableError, match=reason):
        asyncio.run(read_poll(target, poll))


def test_a_target_that_is_away_is_named() -> None:
    with pytest.raises(
        UnreachableError, match=r"cannot read poll finals from http://127\.0\.0\.1:1"
    ):
        asyncio.run(read_poll("http://127.0.0.1:1", "finals"))
