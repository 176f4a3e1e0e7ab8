"""The gRPC route's front end: the app that sends its votes to the gRPC servers."""

from typing import Any

from sanic import Sanic

from svc_grpc_client.poll_follower import PollFollower
from svc_grpc_client.settings import GrpcClientSettings
from svc_grpc_client.sink import GrpcSink
from svc_grpc_client.unary_sink import UnarySink
from voting.domain.vote import Route
from voting.http.app import run_app
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
    settings = load_settings(GrpcClientSettings, "svc_grpc_client")
    configure_logging(settings, "svc_grpc_client")
    configure_tracing(settings, "svc_grpc_client")
    protocol = vote_connection(settings.lean_path)
    run_app(grpc_route_app(settings), settings.host, settings.port, protocol)


def grpc_route_app(settings: GrpcClientSettings) -> Sanic[Any, Any]:
    """Return the app of the gRPC route, which sends its votes to the gRPC servers."""
    readiness = Readiness()
    kind = UnarySink if settings.grpc_calls == "unary" else GrpcSink
    sink = kind(settings, readiness)
    polls = KnownPolls(read_keys(settings.voter_keys))
    follower = PollFollower(polls)
    app = route_app("svc_grpc_client", Route.GRPC, sink, readiness, polls)

    @app.before_server_start
    async def start(_: Sanic[Any, Any]) -> None:
        await sink.start()
        follower.start(sink.channel)

    @app.after_server_stop
    async def stop(_: Sanic[Any, Any]) -> None:
        await follower.stop()
        await sink.stop()

    return app
