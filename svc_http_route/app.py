"""Wires the route's app to Kafka."""

import asyncio
from typing import Any

from sanic import Sanic

from svc_http_route.settings import HttpRouteSettings
from voting.domain.known_albums import KnownAlbums
from voting.domain.vote import Route
from voting.ledger.album_list_reader import AlbumListReader
from voting.ledger.writer import EventLog
from voting.route.app import route_app
from voting.service.lifecycle import Readiness


def http_route_app(settings: HttpRouteSettings) -> Sanic[Any, Any]:
    """Return the app of the HTTP route, which writes to Kafka itself."""
    readiness = Readiness()
    albums = KnownAlbums()
    reader = AlbumListReader(settings, albums)
    log = EventLog(settings, readiness, albums)
    app = route_app("svc_http_route", Route.HTTP, log, readiness)

    @app.before_server_start
    async def start(_: Sanic[Any, Any]) -> None:
        await log.start()
        reader.start()

    @app.after_server_stop
    async def stop(_: Sanic[Any, Any]) -> None:
        await asyncio.gather(log.stop(), reader.stop())

    return app
