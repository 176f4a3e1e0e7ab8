"""The results service: the pages and their API, which only read from Kafka, Redis and MongoDB."""

import asyncio
from functools import partial
from typing import Any, Final

from prometheus_client import REGISTRY
from sanic import Sanic

from svc_results.api.app import results_app
from svc_results.feed.feed import Feed
from svc_results.feed.ranking_reader import RankingReader
from svc_results.feed.result_metrics import ResultCollector
from svc_results.feed.source import Source
from svc_results.feed.watchers import Watchers
from svc_results.polls.audience import Audience
from svc_results.polls.followed_polls import FollowedPolls
from svc_results.polls.poll_counts import PollCounts
from svc_results.polls.poll_feeds import PollFeeds
from svc_results.polls.published_results import PublishedResults
from svc_results.result.snapshot import NEWEST_VOTES
from svc_results.settings import ResultsSettings
from voting.http.app import run_app
from voting.ledger.poll_log_reader import PollLogReader
from voting.polls.known_polls import KnownPolls
from voting.service.lifecycle import Readiness, run_for_good
from voting.service.logs import configure_logging
from voting.service.settings import load_settings
from voting.stores.poll_exclusion import final_standings
from voting.stores.tally_reader import TallyReader
from voting.stores.vote_log_reader import VoteLogReader
from voting.tracing.tracing import configure_tracing

# Connections allowed in addition to those of watchers.
VISITORS: Final = 2000


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = load_settings(ResultsSettings, "svc_results")
    configure_logging(settings, "svc_results")
    configure_tracing(settings, "svc_results")
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
    known = KnownPolls()
    published = PublishedResults(settings.public_key)
    log_of_polls = PollLogReader(settings, known, published.take)
    polls = FollowedPolls(known)
    counts = PollCounts(tally, partial(final_standings, vote_log), settings.refresh_seconds)
    feeds = PollFeeds(polls, counts, settings.refresh_seconds)
    audience = Audience(polls, counts, feeds, published)
    app = results_app(feed, vote_log, audience, readiness, watchers)
    app.ctx.connection_limit.limit = settings.max_watchers + VISITORS

    @app.after_server_start
    async def start(_: Sanic[Any, Any]) -> None:
        log_of_polls.start()
        app.ctx.reading = [
            run_for_good(feed.run(), "reading from the stores"),
            run_for_good(feeds.run(), "reading the polls"),
        ]

    @app.after_server_stop
    async def stop(_: Sanic[Any, Any]) -> None:
        for task in app.ctx.reading:
            task.cancel()
        await asyncio.wait(app.ctx.reading)
        await asyncio.gather(log_of_polls.stop(), counts.close())
        await tally.close()
        vote_log.close()

    return app
