"""A real gRPC server with a service that a test scripts, and a sink that calls it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from votes.v1 import votes_pb2, votes_pb2_grpc

from svc_grpc_client.settings import GrpcClientSettings
from svc_grpc_client.sink import GrpcSink
from svc_grpc_client.unary_sink import UnarySink
from voting.service.lifecycle import Readiness

NAME: Final = "votes.v1.VoteService"

_STATUS: Final = votes_pb2.VoteStatus

type Sink = GrpcSink | UnarySink
type Kind = type[GrpcSink] | type[UnarySink]


class ScriptedService(votes_pb2_grpc.VoteServiceServicer):
    """Accepts every vote without a status in `statuses`; holds calls while `gate` is closed."""

    def __init__(self) -> None:
        self.requests: list[votes_pb2.CastVotesRequest] = []
        self.statuses: dict[str, votes_pb2.VoteStatus] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.peers: set[str] = set()
        self.failures: list[grpc.StatusCode] = []  # of the next calls
        self.clock: Callable[[], int] = lambda: 0  # an older server does not send its time

    async def StreamVotes(  # noqa: N802
        self, requests: AsyncIterator[votes_pb2.CastVotesRequest], context: Any
    ) -> AsyncIterator[votes_pb2.CastVotesResponse]:
        """Answer each request like a call of its own."""
        async for request in requests:
            yield await self.CastVotes(request, context)

    async def CastVotes(  # noqa: N802
        self, request: votes_pb2.CastVotesRequest, context: Any
    ) -> votes_pb2.CastVotesResponse:
        """Answer as the test wants it."""
        self.requests.append(request)
        self.peers.add(context.peer())
        if self.failures:
            await context.abort(self.failures.pop(), "going away")
        await self.gate.wait()
        accepted = _STATUS.OUTCOME_ACCEPTED
        return votes_pb2.CastVotesResponse(
            statuses=[
                self.statuses.get(vote.id, _STATUS(id=vote.id, outcome=accepted))
                for vote in request.votes
            ],
            answered_at_ms=self.clock(),
        )


@asynccontextmanager
async def server(
    service: ScriptedService,
    port: int = 0,
    status: int = health_pb2.HealthCheckResponse.SERVING,
    age_ms: int = 60_000,
) -> AsyncIterator[tuple[int, health.aio.HealthServicer]]:
    """Serve while the context lasts; yields the port, and what tells the service's health."""
    options = [("grpc.so_reuseport", 0), ("grpc.max_connection_age_ms", age_ms)]
    running = grpc.aio.server(options=options)
    votes_pb2_grpc.add_VoteServiceServicer_to_server(service, running)
    servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, running)
    await servicer.set(NAME, status)
    port = running.add_insecure_port(f"127.0.0.1:{port}")
    await running.start()
    try:
        yield port, servicer
    finally:
        await running.stop(None)


@asynccontextmanager
async def sink(kind: Kind, port: int, **settings: float) -> AsyncIterator[tuple[Sink, Readiness]]:
    """Run a sink that calls this port while the context lasts."""
    readiness = Readiness()
    target = f"dns:///127.0.0.1:{port}"
    made = kind(GrpcClientSettings(grpc_target=target, **settings), readiness)  # type: ignore[arg-type]
    await made.start()
    yield made, readiness
    await made.stop()


async def until(condition: Callable[[], bool], readiness: Readiness) -> None:
    """Return once `condition()`, which is looked at whenever the readiness changes."""
    async with asyncio.timeout(20):
        while not condition():
            await readiness.changed()
