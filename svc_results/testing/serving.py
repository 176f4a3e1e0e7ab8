"""The results app on a free port in the test's event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from sanic import Sanic

from svc_results.api.app import results_app
from svc_results.feed.feed import Feed
from svc_results.feed.source import Source
from svc_results.feed.watchers import Watchers
from svc_results.testing.fakes import FakeStores
from svc_results.testing.polls import FakeAudience
from voting.http.client_address import read_networks
from voting.http.connection import Connection
from voting.http.listening import listen
from voting.service.lifecycle import Readiness


class Served:
    """The results app on fake stores; `read` makes it read them again."""

    def __init__(self, stores: FakeStores, audience: FakeAudience, watchers: Watchers) -> None:
        readiness = Readiness()
        newest = Source("MongoDB", lambda: stores.newest(10))
        self.feed = Feed(Source("Redis", stores.read), newest, readiness, 0.05)
        self.watchers = watchers
        self.audience = audience
        self.app = results_app(self.feed, stores, audience, readiness, watchers)
        # Sanic can rewrite its own code for speed only once in a process.
        self.app.config.TOUCHUP = False
        self.client = httpx.AsyncClient(timeout=10, trust_env=False)

    async def read(self) -> None:
        """Read both stores once."""
        await self.feed.read_vote_log()
        await self.feed.read_tally()


@asynccontextmanager
async def serve_results(
    stores: FakeStores,
    audience: FakeAudience | None = None,
    *,
    max_watchers: int = 100,
    per_address: int = 100,
    trusted: str = "",
) -> AsyncIterator[Served]:
    """Serve while the context lasts; the stores have been read once."""
    watchers = Watchers(max_watchers, per_address, read_networks(trusted))
    served = Served(stores, audience or FakeAudience(), watchers)
    sock = listen("test", "127.0.0.1", 0)
    served.client.base_url = httpx.URL(f"http://127.0.0.1:{sock.getsockname()[1]}")
    server = await served.app.create_server(
        sock=sock, protocol=Connection, return_asyncio_server=True, access_log=False
    )
    if server is None:
        raise RuntimeError("Sanic made no server")
    reading = asyncio.create_task(served.audience.feeds.run())
    try:
        await served.read()
        await server.startup()
        await server.start_serving()
        async with served.client:
            yield served
    finally:
        reading.cancel()
        await asyncio.wait([reading])
        await server.before_stop()
        server.close()
        await server.wait_closed()
        Sanic.unregister_app(served.app)
