"""Runs the gRPC route's front end: `python -m svc_grpc_client`; `--help` lists its settings."""

from svc_grpc_client.app import grpc_route_app
from svc_grpc_client.settings import GrpcClientSettings
from voting.http.app import run_app
from voting.http.connection import Connection
from voting.route.lean_protocol import LeanProtocol
from voting.service.settings import load_settings
from voting.service.telemetry import configure_logging


def main() -> None:
    """Serve until told to stop."""
    settings = load_settings(GrpcClientSettings, "svc_grpc_client")
    configure_logging(settings.log_level)
    run_app(
        grpc_route_app(settings),
        settings.host,
        settings.port,
        LeanProtocol if settings.lean_path else Connection,
    )


if __name__ == "__main__":
    main()
