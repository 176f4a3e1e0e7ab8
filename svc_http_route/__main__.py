"""Runs the HTTP route: `python -m svc_http_route`; `--help` lists its settings."""

from svc_http_route.app import http_route_app
from svc_http_route.settings import HttpRouteSettings
from voting.http.app import run_app
from voting.http.connection import Connection
from voting.route.lean_protocol import LeanProtocol
from voting.service.settings import load_settings
from voting.service.telemetry import configure_logging


def main() -> None:
    """Serve until told to stop."""
    settings = load_settings(HttpRouteSettings, "svc_http_route")
    configure_logging(settings.log_level)
    run_app(
        http_route_app(settings),
        settings.host,
        settings.port,
        LeanProtocol if settings.lean_path else Connection,
    )


if __name__ == "__main__":
    main()
