"""The results service: the page and its API, which only read from Redis and MongoDB."""

import asyncio
from typing import Any, Final

from prometheus_client import REGISTRY
from sanic import Sanic

from svc_results.api.app import results_app
from svc_results.feed.feed import Feed
from svc_results.feed.ranking_reader import RankingReader
from svc_results.feed.result_metrics import ResultCollector
from svc_results.feed.source import Source
from svc_results.feed.watchers import Watchers
from svc_results.result.snapshot import NEWEST_VOTES
from svc_results.settings import ResultsSettings
from voting.http.app import run_app
from voting.service.lifecycle import Readiness, run_for_good
from voting.service.settings import load_settings
from voting.service.telemetry import configure_logging
from voting.stores.tally_reader import TallyReader
from voting.stores.vote_log_reader import VoteLogReader

# Connections allowed in addition to those of watchers.
VISITORS: Final = 2000


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = load_settings(ResultsSettings, "svc_results")
    configure_logging(settings.log_level)
    run_app(results_service(settings), settings.host, settings.port)


def results_service(settings: ResultsSettings) -> Sanic[Any, Any]:
    """Return the app, which reads the stores while it runs."""
    readiness = Readiness()
    tally = TallyReader(settings.redis_url)
    vote_log = VoteLogReader(settings.mongodb_url, settings.mongodb_database)
    feed = Feed(
        Source("Redis", RankingReader(tally).read, paced=True),
        Source("MongoDB", lambda: vote_log.newest(NEWEST_VOTES)),
        readiness,
        settings.refresh_seconds,
    )
    REGISTRY.register(ResultCollector(lambda: feed.snapshot))
    watchers = Watchers(
        settings.max_watchers, settings.watchers_per_address, settings.trusted_networks
    )
    app = results_app(feed, vote_log, readiness, watchers)
    app.ctx.connection_limit.limit = settings.max_watchers + VISITORS

    @app.after_server_start
    async def start(_: Sanic[Any, Any]) -> None:
        app.ctx.reading = run_for_good(feed.run(), "reading from the stores")

    @app.after_server_stop
    async def stop(_: Sanic[Any, Any]) -> None:
        app.ctx.reading.cancel()
        await asyncio.wait([app.ctx.reading])
        await tally.close()
        vote_log.close()

    return app
