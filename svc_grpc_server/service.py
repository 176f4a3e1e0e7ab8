"""The gRPC server: `VoteService` over gRPC, which writes its votes to Kafka."""

import asyncio

import uvloop

from svc_grpc_server.poll_service import PollEvents, PollService
from svc_grpc_server.server import serve_votes
from svc_grpc_server.settings import GrpcServerSettings
from svc_grpc_server.vote_service import VoteService
from voting.domain.known_albums import KnownAlbums
from voting.http.operations import serve_operations
from voting.ledger.album_list_reader import AlbumListReader
from voting.ledger.poll_log_reader import PollLogReader
from voting.ledger.writer import LedgerWriter
from voting.polls.known_polls import KnownPolls
from voting.service.lifecycle import Readiness, stop_event
from voting.service.logs import configure_logging
from voting.service.settings import load_settings
from voting.tracing.tracing import configure_tracing, end_tracing


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = load_settings(GrpcServerSettings, "svc_grpc_server")
    configure_logging(settings, "svc_grpc_server")
    configure_tracing(settings, "svc_grpc_server")
    uvloop.run(serve(settings))
    end_tracing()


async def serve(settings: GrpcServerSettings) -> None:
    """Serve until SIGTERM or SIGINT, then drain."""
    stop = stop_event()
    readiness = Readiness()
    ledger = LedgerWriter(settings, readiness)
    albums = KnownAlbums()
    polls = KnownPolls()
    events = PollEvents(polls)
    readers = (
        AlbumListReader(settings, albums),
        PollLogReader(settings, polls, events.append),
    )
    await ledger.start()
    for reader in readers:
        reader.start()
    async with serve_operations("svc_grpc_server", readiness, settings.host, settings.port):
        async with serve_votes(
            VoteService(ledger, albums, polls),
            PollService(events),
            readiness,
            settings.host,
            settings.grpc_port,
            settings.calls_per_connection,
            settings.grpc_connections,
            tls=settings.grpc_tls,
            has_reflection=settings.grpc_reflection,
        ):
            await stop.wait()
            readiness.drain()
        await asyncio.gather(ledger.stop(), *(reader.stop() for reader in readers))
