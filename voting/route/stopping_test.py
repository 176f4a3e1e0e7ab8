"""A request that reaches a service just before it closes its idle connections is answered."""

import json
from collections.abc import Sequence
from typing import Any

from sanic import Sanic

from voting.domain.vote import Route
from voting.http.app import add_operations, new_app, new_server
from voting.http.connection import Connection
from voting.http.listening import listen
from voting.route.app import route_app
from voting.route.lean_protocol import LeanProtocol
from voting.service.lifecycle import Readiness
from voting.testing.polls import trial_polls
from voting.testing.requests import GOOD, vote_request
from voting.testing.route_client import send
from voting.testing.route_process import TrialSink

VOTE = vote_request(json.dumps(GOOD).encode())
READYZ = b"GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n"


async def answers_while_stopping(
    app: Sanic[Any, Any], kind: type[Connection], requests: Sequence[bytes]
) -> list[bytes]:
    """Return the answers of a service that begins to stop as each of the requests arrives."""

    class Stopping(kind):  # type: ignore[misc, valid-type]
        def data_received(self, data: bytes) -> None:
            set_stopping(True)
            super().data_received(data)
            self.close_if_idle()

    def set_stopping(stops: bool) -> None:
        app.config.KEEP_ALIVE = not stops
        if hasattr(app.ctx, "route_state"):
            app.ctx.route_state.closing = stops

    app.config.TOUCHUP = False  # Sanic can rewrite its own code only once in a process
    sock = listen("test", "127.0.0.1", 0)
    server = await new_server(app, sock, Stopping)
    await server.startup()
    await server.start_serving()
    answers = []
    for request in requests:
        set_stopping(False)
        answers.append(bytes((await send(sock.getsockname()[1], request)).received).lower())
    server.close()
    return answers


async def test_a_service_answers_and_then_closes_the_connection() -> None:
    app = new_app("stopping_service")
    add_operations(app, Readiness())
    (answer,) = await answers_while_stopping(app, Connection, [READYZ])
    assert answer.startswith(b"http/1.1 503")
    assert b"connection: close" in answer


async def test_so_does_the_lean_path_of_a_route() -> None:
    app = route_app("stopping_route", Route.HTTP, TrialSink(False), Readiness(), trial_polls(0))
    vote, other = await answers_while_stopping(app, LeanProtocol, [VOTE, READYZ])
    assert vote.startswith(b"http/1.1 202")
    assert other.startswith(b"http/1.1 503")
    assert b"connection: close" in vote
    assert b"connection: close" in other
