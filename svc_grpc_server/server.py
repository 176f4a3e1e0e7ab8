"""The gRPC server: the vote service, health, reflection, and graceful shutdown."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from polls.v1 import polls_pb2, polls_pb2_grpc
from votes.v1 import votes_pb2

from svc_grpc_server.credentials import server_credentials
from svc_grpc_server.fair_turns import FairTurns
from svc_grpc_server.poll_service import PollService
from svc_grpc_server.request import BYTES_MAX
from svc_grpc_server.vote_service import VoteService
from svc_grpc_server.vote_streams import VoteStreams
from voting.service.lifecycle import Readiness, run_for_good
from voting.service.tls_files import TlsFiles

SERVICE_NAME: Final = votes_pb2.DESCRIPTOR.services_by_name["VoteService"].full_name
POLLS_NAME: Final = polls_pb2.DESCRIPTOR.services_by_name["PollService"].full_name
GRACE_SECONDS: Final = 10.0
_CLOSE_SECONDS: Final = 1.0

_OPTIONS: Final = [
    # Makes clients reconnect and resolve the name again, so that they find new pods.
    ("grpc.max_connection_age_ms", 60_000),
    ("grpc.max_connection_age_grace_ms", 10_000),
    # Clients may probe an idle connection every 5 s.
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.max_receive_message_length", BYTES_MAX),
    # Else a stream's window grows to megabytes of requests that are not read yet.
    ("grpc.http2.bdp_probe", 0),
    # Connections that do not begin, or make no call, leave room for others.
    ("grpc.server_handshake_timeout_ms", 5_000),
    ("grpc.max_connection_idle_ms", 10_000),
    ("grpc.absolute_max_metadata_size", 8 * 1024),
    # A port in use must be an error, not shared.
    ("grpc.so_reuseport", 0),
]


@asynccontextmanager
async def serve_votes(
    votes: VoteService,
    polls: PollService,
    readiness: Readiness,
    host: str,
    port: int,
    calls_per_connection: int,
    connections: int,
    *,
    tls: TlsFiles | None = None,
    has_reflection: bool = False,
) -> AsyncIterator[int]:
    """Serve both services and health while the context lasts; yields the port.

    The health of the service and of the whole server follows `readiness`. At the end no new call
    is accepted, and calls in flight have `GRACE_SECONDS` to finish.
    """
    bounds = [
        ("grpc.max_concurrent_streams", calls_per_connection),
        ("grpc.max_allowed_incoming_connections", connections),
    ]
    server = grpc.aio.server(options=[*_OPTIONS, *bounds])
    turns = FairTurns(votes.CastVotes, calls_per_connection)
    streams = VoteStreams(turns.answer, readiness)
    server.add_generic_rpc_handlers((_handler(turns, streams),))
    polls_pb2_grpc.add_PollServiceServicer_to_server(polls, server)
    health_servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    if has_reflection:
        names = (SERVICE_NAME, POLLS_NAME, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, server)
    address = listen_address(host, port)
    try:
        if tls is None:
            port = server.add_insecure_port(address)
        else:
            port = server.add_secure_port(address, server_credentials(tls))
    except RuntimeError as error:
        raise SystemExit(f"svc_grpc_server: cannot listen on {host}:{port}: {error}") from error
    follower = run_for_good(_follow(readiness, health_servicer, streams), "the health service")
    await server.start()
    try:
        yield port
    finally:
        follower.cancel()
        await health_servicer.enter_graceful_shutdown()
        streams.end()
        # A client that reads nothing keeps gRPC busy for half a minute more.
        stopping = asyncio.ensure_future(server.stop(GRACE_SECONDS))
        await asyncio.wait([stopping], timeout=GRACE_SECONDS + _CLOSE_SECONDS)


def _handler(turns: FairTurns, streams: VoteStreams) -> grpc.GenericRpcHandler:
    """Return the handler of calls. Generated code would parse every request, however large."""
    cast_votes: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(
        turns.answer
    )
    stream_votes: grpc.RpcMethodHandler[bytes, bytes] = grpc.stream_stream_rpc_method_handler(
        streams.StreamVotes
    )
    return grpc.method_handlers_generic_handler(
        SERVICE_NAME, {"CastVotes": cast_votes, "StreamVotes": stream_votes}
    )


def listen_address(host: str, port: int) -> str:
    """Return the address for gRPC to listen on, with an IPv6 host in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def _follow(
    readiness: Readiness, servicer: health.aio.HealthServicer, streams: VoteStreams
) -> None:
    status = health_pb2.HealthCheckResponse
    while True:
        changed = readiness.changed()
        now = status.SERVING if readiness.ready else status.NOT_SERVING
        for service in ("", SERVICE_NAME):
            await servicer.set(service, now)
        if not readiness.ready:
            streams.end()
        await changed
