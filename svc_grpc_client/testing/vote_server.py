"""The server that svc_grpc_client talks to, without Kafka."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from svc_grpc_server.poll_service import PollEvents, PollService
from svc_grpc_server.server import serve_votes
from svc_grpc_server.settings import GrpcServerSettings
from svc_grpc_server.vote_service import VoteService
from voting.casting.sink import OnResult
from voting.domain.codec import NewRecord
from voting.domain.known_albums import KnownAlbums
from voting.polls.known_polls import KnownPolls
from voting.service.lifecycle import Readiness

CALLS: Final = GrpcServerSettings().calls_per_connection
CONNECTIONS: Final = GrpcServerSettings().grpc_connections


class Ledger:
    """A `RecordSink` in memory, which acknowledges at once, or on `release` while it `holds`."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.holds = False
        self.held: list[OnResult] = []

    def append(self, record: NewRecord, on_result: OnResult) -> None:
        """Take a record."""
        self.ids.append(record[0])
        if self.holds:
            self.held.append(on_result)
        else:
            asyncio.get_running_loop().call_soon(on_result, None)

    def release(self) -> None:
        """Acknowledge what is held, and from now on at once."""
        self.holds = False
        for on_result in self.held:
            on_result(None)
        self.held.clear()


@asynccontextmanager
async def vote_server(ledger: Ledger, port: int = 0) -> AsyncIterator[tuple[int, Readiness]]:
    """Run a server that is ready until told otherwise; yields its port and its readiness."""
    polls, readiness = KnownPolls(), Readiness()
    readiness.set_ready()
    votes = VoteService(ledger, KnownAlbums(), polls)
    events = PollService(PollEvents(polls))
    async with serve_votes(votes, events, readiness, "127.0.0.1", port, CALLS, CONNECTIONS) as used:
        yield used, readiness
