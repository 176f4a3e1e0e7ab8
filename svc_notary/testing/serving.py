"""The app of svc_notary on a free port in the test's event loop, with votes and polls in memory."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from sanic import Sanic

from svc_notary.api.app import notary_app
from svc_notary.receipts.receipts import Receipts
from svc_notary.testing.records import KEY, FakeRecord
from svc_notary.trees.partition_tree import PartitionTree
from svc_notary.trees.tile_store import TileStore
from voting.domain.codec import encode_vote
from voting.domain.vote import Vote
from voting.http.app import new_server
from voting.http.connection import Connection
from voting.http.listening import listen
from voting.polls.known_polls import KnownPolls
from voting.service.clock_watch import now_ms
from voting.service.lifecycle import Readiness
from voting.stores.errors import StoreUnavailableError
from voting.stores.logged_vote import LoggedVote, Place
from voting.testing.polls import PollLog

PARTITION = 3


class FakeVoteLog:
    """The votes that count, by id."""

    def __init__(self) -> None:
        self.votes: dict[str, LoggedVote] = {}
        self.away = False

    async def find(self, ids: Sequence[str]) -> Mapping[str, LoggedVote]:
        """Return those with these ids."""
        if self.away:
            raise StoreUnavailableError("MongoDB", OSError("no answer"))
        return {vote_id: self.votes[vote_id] for vote_id in ids if vote_id in self.votes}


class Served:
    """The app, and what it reads; the votes lie in one partition, in order."""

    def __init__(self, folder: Path, client: httpx.AsyncClient, known: KnownPolls) -> None:
        self.client, self.known = client, known
        self.vote_log = FakeVoteLog()
        self.store = TileStore(folder / str(PARTITION))
        self.tree = PartitionTree(PARTITION, self.store, KEY)
        self.tree.open()

    def record(self, *votes: Vote) -> None:
        """Append votes to the ledger and, those that are the first of their id, to the vote log."""
        for vote in votes:
            offset = self.tree.size
            self.tree.take([FakeRecord(offset, vote.id.encode(), encode_vote(vote))])
            logged = LoggedVote(vote, Place(PARTITION, offset), vote.cast_at_ms)
            self.vote_log.votes.setdefault(vote.id, logged)

    async def ask(self, path: str, **headers: str) -> httpx.Response:
        """Return the answer to a GET."""
        return await self.client.get(path, headers=headers)


@asynccontextmanager
async def serve_notary(
    folder: Path, polls: PollLog | None = None, *, fresh: bool = True
) -> AsyncIterator[Served]:
    """Serve the trees in a folder; unless `fresh`, the newest events may be missing."""
    known = KnownPolls()
    if polls is not None:
        known.book = polls.book
    if fresh:
        known.prove(now_ms())
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        served = Served(folder, client, known)
        receipts = Receipts(served.vote_log, known, folder, now_ms)
        app = notary_app(receipts, folder, Readiness())
        Sanic.unregister_app(app)  # there may be several at a time
        app.config.TOUCHUP = (
            False  # Sanic can rewrite its own code for speed only once in a process
        )
        sock = listen("test", "127.0.0.1", 0)
        client.base_url = httpx.URL(f"http://127.0.0.1:{sock.getsockname()[1]}")
        server = await new_server(app, sock, Connection)
        await server.startup()
        await server.start_serving()
        try:
            yield served
        finally:
            server.close()
