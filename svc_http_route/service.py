"""The HTTP route: the app that writes its votes to Kafka."""

import asyncio
from typing import Any

from sanic import Sanic

from svc_http_route.settings import HttpRouteSettings
from voting.domain.known_albums import KnownAlbums
from voting.domain.vote import Route
from voting.http.app import run_app
from voting.ledger.album_list_reader import AlbumListReader
from voting.ledger.poll_log_reader import PollLogReader
from voting.ledger.writer import LedgerWriter
from voting.polls.known_polls import KnownPolls
from voting.route.app import route_app
from voting.route.vote_connection import vote_connection
from voting.service.lifecycle import Readiness
from voting.service.logs import configure_logging
from voting.service.settings import load_settings
from voting.tracing.tracing import configure_tracing
from voting.voters.keys import read_keys


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = load_settings(HttpRouteSettings, "svc_http_route")
    configure_logging(settings, "svc_http_route")
    configure_tracing(settings, "svc_http_route")
    protocol = vote_connection(settings.lean_path)
    run_app(http_route_app(settings), settings.host, settings.port, protocol)


def http_route_app(settings: HttpRouteSettings) -> Sanic[Any, Any]:
    """Return the app of the HTTP route, which writes its votes to Kafka."""
    readiness = Readiness()
    albums = KnownAlbums()
    polls = KnownPolls(read_keys(settings.voter_keys))
    readers = (AlbumListReader(settings, albums), PollLogReader(settings, polls))
    ledger = LedgerWriter(settings, readiness, albums)
    app = route_app("svc_http_route", Route.HTTP, ledger, readiness, polls)

    @app.before_server_start
    async def start(_: Sanic[Any, Any]) -> None:
        await ledger.start()
        for reader in readers:
            reader.start()

    @app.after_server_stop
    async def stop(_: Sanic[Any, Any]) -> None:
        await asyncio.gather(ledger.stop(), *(reader.stop() for reader in readers))

    return app
