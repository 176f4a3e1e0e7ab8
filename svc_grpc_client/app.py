"""Wires the route's app to the gRPC servers."""

from typing import Any

from sanic import Sanic

from svc_grpc_client.settings import GrpcClientSettings
from svc_grpc_client.sink import GrpcSink
from voting.domain.vote import Route
from voting.route.app import route_app
from voting.service.lifecycle import Readiness


def grpc_route_app(settings: GrpcClientSettings) -> Sanic[Any, Any]:
    """Return the app of the gRPC route, which hands its votes to the gRPC servers."""
    readiness = Readiness()
    sink = GrpcSink(settings, readiness)
    app = route_app("svc_grpc_client", Route.GRPC, sink, readiness)

    @app.before_server_start
    async def start(_: Sanic[Any, Any]) -> None:
        await sink.start()

    @app.after_server_stop
    async def stop(_: Sanic[Any, Any]) -> None:
        await sink.stop()

    return app
