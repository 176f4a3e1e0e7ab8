"""Health, readiness and metrics over HTTP for services that speak something else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sanic import Sanic

from voting.http_app import add_operations, new_app
from voting.lifecycle import Readiness


@asynccontextmanager
async def serve_operations(
    name: str, readiness: Readiness, host: str, port: int
) -> AsyncIterator[None]:
    """Serve /healthz, /readyz and /metrics in this event loop while the context lasts."""
    app = new_app(f"{name}-operations")
    add_operations(app, readiness)
    server = await app.create_server(
        host=host, port=port, return_asyncio_server=True, access_log=False
    )
    assert server is not None
    try:
        await server.startup()
        await server.start_serving()
        yield
    finally:
        server.close()
        await server.wait_closed()
        Sanic.unregister_app(app)
