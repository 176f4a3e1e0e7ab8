"""A route without Kafka for tests: what becomes of a vote is told by its name."""

import asyncio
import os
from typing import Final

import msgspec
from sanic import HTTPResponse, Request
from sanic.response import raw
from sanic.server.protocols.http_protocol import HttpProtocol

from voting.http_app import run_app
from voting.lean_protocol import LeanProtocol
from voting.lifecycle import Readiness
from voting.route_app import route_app
from voting.vote import InvalidVoteError, Route, Vote
from voting.vote_sink import FULL, Told, UnavailableError

NEW_ID: Final = "019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071"
SLOW_SECONDS: Final = 0.4

# Told later, by name; `full` fails at once, `slow` takes its time, `never` is never told.
OUTCOMES: Final[dict[str, BaseException]] = {
    "away": UnavailableError("Kafka is away", retry_after=3),
    "stricter": InvalidVoteError("rank", "must be odd"),
    "broken": RuntimeError("a bug"),
}


class TrialSink:
    """A `VoteSink` that remembers its votes."""

    def __init__(self) -> None:
        self.cast_votes: list[tuple[Vote, str | None]] = []

    def new_id(self) -> str:
        """Return always the same id."""
        return NEW_ID

    def cast(self, vote: Vote, traceparent: str | None, told: Told) -> None:
        """Take a vote whose name tells what becomes of it."""
        if vote.name == "full":
            raise UnavailableError(FULL)
        self.cast_votes.append((msgspec.structs.replace(vote, cast_at_ms=0), traceparent))
        loop = asyncio.get_running_loop()
        if vote.name == "slow":
            loop.call_later(SLOW_SECONDS, told, None)
        elif vote.name != "never":
            loop.call_soon(told, OUTCOMES.get(vote.name))


def serve(port: int, lean: bool, config: dict[str, float]) -> None:
    """Serve the route in this process; `GET /cast` tells the votes that came."""
    os.environ.update({f"SANIC_{name}": str(value) for name, value in config.items()})
    sink, readiness = TrialSink(), Readiness()
    app = route_app("trial_route", Route.HTTP, sink, readiness)

    @app.get("/cast")
    async def cast(_: Request) -> HTTPResponse:
        return raw(msgspec.json.encode(sink.cast_votes))

    readiness.set_ready()
    run_app(app, "127.0.0.1", port, LeanProtocol if lean else HttpProtocol)
