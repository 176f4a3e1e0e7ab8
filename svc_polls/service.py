"""The organisers' service: its API, the reader and the writer of the log of polls, the cut."""

import asyncio
import logging
import sys
from typing import Any, Final

from prometheus_client import REGISTRY
from sanic import Sanic

from svc_polls.api.app import polls_app
from svc_polls.api.changing import ChangeDesk
from svc_polls.api.console import ConsoleApi
from svc_polls.api.polls import PollsApi
from svc_polls.api.publishing import PublishingApi
from svc_polls.api.rulings import RulingsApi
from svc_polls.api.running_changes import RunningChanges
from svc_polls.log.cutter import Cutter
from svc_polls.log.history import PollHistory
from svc_polls.log.metrics import PollsCollector
from svc_polls.log.poll_topic import PollTopic
from svc_polls.log.vote_ends import VoteEnds
from svc_polls.log.writer import LogUnavailableError, PollLogWriter
from svc_polls.previews.ruling_previews import RulingPreviews
from svc_polls.publishing.ledger_recount import LedgerRecount
from svc_polls.publishing.publisher import Publisher
from svc_polls.publishing.stores_check import StoresCheck
from svc_polls.settings import PollsSettings
from svc_polls.signing_key_tool import SIGNING_KEY_TOOL, run_signing_key_tool
from svc_polls.token_tool import TOOL, run_token_tool
from svc_polls.voter_key_tool import VOTER_KEY_TOOL, run_voter_key_tool
from svc_polls.watch.services import read_services
from svc_polls.watch.vote_flow import read_vote_flow
from svc_polls.watch.watched import Watched
from voting.http.app import run_app
from voting.ledger.connection import connection_arguments
from voting.ledger.poll_log_reader import PollLogReader
from voting.polls.known_polls import KnownPolls
from voting.service.clock_watch import now_ms
from voting.service.lifecycle import Readiness, run_for_good
from voting.service.logs import configure_logging
from voting.service.settings import load_settings
from voting.service.signing_key import signing_key_of
from voting.stores.tally_reader import TallyReader
from voting.stores.vote_log_reader import VoteLogReader
from voting.tracing.tracing import configure_tracing

_log = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 0.25
_READY_LOOK_SECONDS: Final = 1.0
_TOOLS: Final = {
    TOOL: run_token_tool,
    VOTER_KEY_TOOL: run_voter_key_tool,
    SIGNING_KEY_TOOL: run_signing_key_tool,
}


def main() -> None:
    """Serve until SIGTERM or SIGINT, or run a tool."""
    arguments = sys.argv[1:]
    tool = _TOOLS.get(arguments[0]) if arguments else None
    if tool is not None:
        sys.exit(tool(arguments[1:]))
    if {"-h", "--help"} & set(arguments):
        sys.stdout.write(
            f"To make an organiser's token: svc_polls {TOOL} --help\n"
            f"To make a key of voters' tokens: svc_polls {VOTER_KEY_TOOL} --help\n"
            f"To make the key that signs results: svc_polls {SIGNING_KEY_TOOL} --help\n\n"
        )
    settings = load_settings(PollsSettings, "svc_polls")
    configure_logging(settings, "svc_polls")
    configure_tracing(settings, "svc_polls")
    run_app(polls_service(settings), settings.host, settings.port)


def polls_service(settings: PollsSettings) -> Sanic[Any, Any]:
    """Return the app, which follows the log of polls and cuts closed polls while it runs."""
    readiness = Readiness()
    known = KnownPolls()
    history = PollHistory()
    reader = PollLogReader(settings, known, history.note)
    topic = PollTopic(settings)
    writer = PollLogWriter(topic, known, history, lambda: reader.halted, now_ms)
    ends = VoteEnds(settings)
    cutter = Cutter(known, ends, writer, now_ms)
    organisers = settings.organisers
    if not len(organisers):
        _log.warning("ORGANISER_TOKENS is empty: nobody can use the API")
    changes = RunningChanges()
    desk = ChangeDesk(known, writer, now_ms)
    api = PollsApi(known, history, desk, organisers, changes, settings.answer_within_ms, now_ms)
    recount = LedgerRecount(
        connection_arguments(settings), settings.kafka_topic, settings.kafka_polls_topic
    )
    tally = TallyReader(settings.redis_url)
    vote_log = VoteLogReader(settings.mongodb_url, settings.mongodb_database)
    previews = RulingPreviews(vote_log, tally, ends.read, now_ms)
    rulings = RulingsApi(desk, organisers, changes, previews, now_ms)
    key = signing_key_of(settings.signing_key)
    if key is None:
        _log.warning("SIGNING_KEY is empty: no final result can be published")
    publisher = Publisher(known, recount, StoresCheck(vote_log, tally), writer, key)
    publishing = PublishingApi(known, publisher, recount, organisers, changes, writer.check_usable)
    watched = settings.watched
    console = ConsoleApi(
        known,
        lambda: reader.halted,
        organisers,
        Watched(lambda: read_vote_flow(settings)),
        Watched(lambda: read_services(watched, now_ms)) if watched else None,
        now_ms,
    )
    app = polls_app(api, rulings, publishing, console, readiness)
    REGISTRY.register(PollsCollector(known, now_ms))
    tasks: list[asyncio.Task[None]] = []

    @app.before_server_start
    async def start(_: Sanic[Any, Any]) -> None:
        reader.start()
        tasks.append(run_for_good(cutter.run(), "cutting polls"))
        tasks.append(run_for_good(_keep_readiness(writer, readiness), "keeping readiness current"))

    @app.after_server_stop
    async def stop(_: Sanic[Any, Any]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await asyncio.gather(reader.stop(), publisher.close(), previews.close())
        await tally.close()
        vote_log.close()

    return app


async def _keep_readiness(writer: PollLogWriter, readiness: Readiness) -> None:
    """Ready means that the newest event is known, so that changes can be made."""
    while True:
        try:
            writer.check_usable()
        except LogUnavailableError as error:
            readiness.set_not_ready(str(error))
        else:
            readiness.set_ready()
        await asyncio.sleep(_READY_LOOK_SECONDS if readiness.ready else _LOOK_SECONDS)
