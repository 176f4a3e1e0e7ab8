"""A route without Kafka for tests: a vote's `name` determines its result."""

import asyncio
import os
import resource
import sys
from pathlib import Path
from typing import Any, Final

import msgspec
from sanic import HTTPResponse, Request, Sanic
from sanic.response import raw

from voting.casting.sink import FULL, OnResult, UnavailableError
from voting.domain.vote import TOO_MANY_ALBUMS, InvalidVoteError, Route, Vote
from voting.http.app import run_app
from voting.route.app import route_app
from voting.route.vote_connection import vote_connection
from voting.service.clock_watch import now_ms
from voting.service.lifecycle import Readiness
from voting.service.logs import configure_logging
from voting.service.settings import Settings
from voting.service.telemetry import REFUSED
from voting.testing.polls import trial_polls
from voting.testing.spans import Recorded
from voting.tracing.sampler import Sampler
from voting.tracing.traces import Traces
from voting.tracing.tracing import begin_tracing

NEW_ID: Final = "019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071"
SLOW_SECONDS: Final = 0.4

# Results given later, by name; `full` and `crash` fail at once, `never` gets no result. Names that
# begin with `slow` get theirs after a delay, `held` once the service has begun to stop.
OUTCOMES: Final[dict[str, BaseException]] = {
    "away": UnavailableError("Kafka is away", retry_after=3),
    "slow to fail": UnavailableError("Kafka is away"),
    "stricter": InvalidVoteError("rank", "must be odd"),
    "unlisted": InvalidVoteError("album", "is not listed", TOO_MANY_ALBUMS),
    "broken": RuntimeError("a bug"),
}


class TrialSink:
    """A `VoteSink` that keeps its votes."""

    def __init__(self, no_ids: bool) -> None:
        self.no_ids = no_ids
        self.cast_votes: list[tuple[Vote, str | None]] = []
        self.answered_before: dict[str, int] = {}  # by a vote's name: how many requests
        self.held: list[OnResult] = []

    def new_id(self) -> str:
        """Return the same id every time, or raise an unexpected error with `no_ids`."""
        if self.no_ids:
            raise RuntimeError("a bug in the ids")
        return NEW_ID

    def answered(self) -> int:
        """Return how many votes were accepted or refused as invalid so far."""
        return len(self.cast_votes) + int(REFUSED.labels(Route.HTTP, 422)._value.get())

    def cast(self, vote: Vote, traceparent: str | None, on_result: OnResult) -> None:
        """Take a vote whose name determines its result."""
        if vote.name == "full":
            raise UnavailableError(FULL)
        if vote.name == "crash":
            raise RuntimeError("a bug in the sink")
        if vote.name.startswith("newcomer"):
            self.answered_before[vote.name] = self.answered()
        self.cast_votes.append((msgspec.structs.replace(vote, cast_at_ms=0), traceparent))
        loop = asyncio.get_running_loop()
        outcome = OUTCOMES.get(vote.name)
        if vote.name.startswith("slow"):
            loop.call_later(SLOW_SECONDS, on_result, outcome)
        elif vote.name == "held":
            self.held.append(on_result)
        elif vote.name != "never":
            loop.call_soon(on_result, outcome)


def serve_trial_route(
    port: int,
    lean: bool,
    config: dict[str, float],
    log: Path,
    no_ids: bool,
    files: int,
    traced: float | None,
) -> None:
    """Serve the route in this process, logging to `log`; `GET /cast` returns the votes.

    `GET /answered?before=NAME` returns how many had been answered before the vote of that name.
    """
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(files, 1024), files))
    with log.open("ab") as output:
        os.dup2(output.fileno(), sys.stderr.fileno())
    configure_logging(Settings(), "trial_route")
    os.environ.update({f"SANIC_{name}": str(value) for name, value in config.items()})
    if traced is not None:
        begin_tracing(Traces("trial", Sampler("parentbased_traceidratio", traced), Recorded()))
    sink, readiness, polls = TrialSink(no_ids), Readiness(), trial_polls(0)
    app = route_app("trial_route", Route.HTTP, sink, readiness, polls)

    @app.get("/cast")
    async def cast(_: Request) -> HTTPResponse:
        return raw(msgspec.json.encode(sink.cast_votes))

    @app.get("/answered")
    async def answered(request: Request) -> HTTPResponse:
        name = request.args.get("before")
        return raw(msgspec.json.encode(sink.answered_before[name] if name else sink.answered()))

    tasks: list[asyncio.Task[None]] = []

    async def stay_fresh() -> None:
        while True:
            polls.prove(now_ms())
            await asyncio.sleep(1)

    @app.after_server_start
    async def start(_: Sanic[Any, Any]) -> None:
        tasks.append(asyncio.create_task(stay_fresh()))

    async def release() -> None:
        while app.config.KEEP_ALIVE:  # noqa: ASYNC110 - Sanic has no event for it
            await asyncio.sleep(0)
        for on_result in sink.held:
            on_result(None)

    @app.before_server_stop
    async def release_when_ending(_: Sanic[Any, Any]) -> None:
        tasks.append(asyncio.create_task(release()))

    readiness.set_ready()
    run_app(app, "127.0.0.1", port, vote_connection(lean))
