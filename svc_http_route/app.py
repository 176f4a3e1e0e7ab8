"""Wires the route's app to Kafka."""

from typing import Any

from sanic import Sanic

from svc_http_route.settings import HttpRouteSettings
from voting.event_log import EventLog
from voting.lifecycle import Readiness
from voting.route_app import route_app
from voting.vote import Route


def http_route_app(settings: HttpRouteSettings) -> Sanic[Any, Any]:
    """Return the app of the HTTP route, which writes to Kafka itself."""
    readiness = Readiness()
    log = EventLog(settings, readiness)
    app = route_app("svc_http_route", Route.HTTP, log, readiness)

    @app.before_server_start
    async def start(_: Sanic[Any, Any]) -> None:
        await log.start()

    @app.after_server_stop
    async def stop(_: Sanic[Any, Any]) -> None:
        await log.stop()

    return app
