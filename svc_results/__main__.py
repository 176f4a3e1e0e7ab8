"""Runs the results service: `python -m svc_results`; `--help` lists its settings."""

from svc_results.service import results_service
from svc_results.settings import ResultsSettings
from voting.http.app import run_app
from voting.service.settings import load_settings
from voting.service.telemetry import configure_logging


def main() -> None:
    """Serve until told to stop."""
    settings = load_settings(ResultsSettings, "svc_results")
    configure_logging(settings.log_level)
    run_app(results_service(settings), settings.host, settings.port)


if __name__ == "__main__":
    main()
