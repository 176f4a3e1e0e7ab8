"""Runs the gRPC server: `python -m svc_grpc_server`; `--help` lists its settings."""

import uvloop

from svc_grpc_server.server import serve_votes
from svc_grpc_server.settings import GrpcServerSettings
from voting.event_log import EventLog
from voting.lifecycle import Readiness, stop_event
from voting.operations import serve_operations
from voting.settings import load_settings
from voting.telemetry import configure_logging


async def serve(settings: GrpcServerSettings) -> None:
    """Serve until told to stop, then drain."""
    stop = stop_event()
    readiness = Readiness()
    log = EventLog(settings, readiness)
    await log.start()
    async with serve_operations("svc_grpc_server", readiness, settings.host, settings.port):
        async with serve_votes(log, readiness, settings.host, settings.grpc_port):
            await stop.wait()
            readiness.drain()
        await log.stop()


def main() -> None:
    """Serve until told to stop."""
    settings = load_settings(GrpcServerSettings, "svc_grpc_server")
    configure_logging(settings.log_level)
    uvloop.run(serve(settings))


if __name__ == "__main__":
    main()
