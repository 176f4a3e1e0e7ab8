"""Health, readiness and metrics over HTTP for services without an HTTP interface of their own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from sanic import Sanic

from voting.http.app import add_operations, new_app, new_server, open_port
from voting.http.connection import Connection
from voting.service.lifecycle import Readiness

_CLOSE_SECONDS: Final = 1


@asynccontextmanager
async def serve_operations(
    name: str, readiness: Readiness, host: str, port: int
) -> AsyncIterator[None]:
    """Serve /healthz, /readyz and /metrics in this event loop while the context lasts."""
    app = new_app(f"{name}-operations")
    sock = open_port(app, name, host, port)
    add_operations(app, readiness)
    server = await new_server(app, sock, Connection)
    try:
        await server.startup()
        await server.start_serving()
        yield
    finally:
        server.close()
        # asyncio waits for every connection to close, and Prometheus keeps its own open.
        with suppress(TimeoutError):
            await asyncio.wait_for(server.wait_closed(), _CLOSE_SECONDS)
        Sanic.unregister_app(app)
