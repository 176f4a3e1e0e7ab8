"""The consumer: assembles it, runs it until SIGTERM or SIGINT, and stops it gracefully."""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import Any, Final

from svc_consumer.albums.limit import AlbumLimit
from svc_consumer.albums.list_topic import AlbumListTopic
from svc_consumer.counting.excluder import Excluder
from svc_consumer.counting.intake_spans import IntakeTraces
from svc_consumer.counting.projector import Projector
from svc_consumer.counting.store_protocols import CounterStore, LogStore
from svc_consumer.ledger.reader import LedgerReader
from svc_consumer.ledger.rejected import RejectedTopic
from svc_consumer.loop.assignment import Assignment
from svc_consumer.loop.consumer import SERVERS, Consumer
from svc_consumer.loop.lag_reporter import LagReporter
from svc_consumer.loop.progress import Progress, Watchdog
from svc_consumer.loop.verifier import Verifier
from svc_consumer.loop.waiting import Waiting
from svc_consumer.repair.command import TOOLS, run_tool
from svc_consumer.rulings.ruling_watch import RulingWatch
from svc_consumer.settings import ConsumerSettings
from voting.domain.known_albums import KnownAlbums
from voting.http.operations import serve_operations
from voting.ledger.album_list_reader import AlbumListReader
from voting.ledger.connection import connection_arguments
from voting.ledger.poll_log_reader import PollLogReader
from voting.ledger.topic_ends import topic_ends
from voting.polls.known_polls import KnownPolls
from voting.service.clock_watch import now_ms
from voting.service.lifecycle import Readiness, stop_event
from voting.service.logs import configure_logging
from voting.service.settings import load_settings
from voting.stores.tally_reader import TallyReader
from voting.stores.tally_store import TallyStore
from voting.stores.vote_log import VoteLog
from voting.tracing.tracing import configure_tracing, end_tracing, traces

_log = logging.getLogger(__name__)

_BATCH_GRACE_SECONDS: Final = 5
# A ruling is read at once; nothing depends on knowing that there is none.
_POLLS_PROOF_MS: Final = 5_000


def main() -> None:
    """Count until SIGTERM or SIGINT, or run the maintenance command that is named."""
    arguments = sys.argv[1:]
    if arguments and arguments[0] in TOOLS:
        sys.exit(run_tool(arguments[0], arguments[1:]))
    if {"-h", "--help"} & set(arguments):
        sys.stdout.write(f"For maintenance: svc_consumer {'|'.join(TOOLS)} --help\n\n")
    settings = load_settings(ConsumerSettings, "svc_consumer")
    configure_logging(settings, "svc_consumer")
    configure_tracing(settings, "svc_consumer")
    # Not uvloop: it raises RuntimeError when writing to a reset connection, which ends aiokafka's
    # background tasks for good.
    asyncio.run(_serve(settings))
    end_tracing()
    logging.shutdown()
    # Exit at once: Python would wait for Motor's threads, which a hanging store blocks.
    os._exit(0)


async def _serve(settings: ConsumerSettings) -> None:
    log = VoteLog(settings.mongodb_url, settings.mongodb_database)
    tally = TallyStore(settings.redis_url)
    excluder = Excluder(log, tally, partial(_ledger_ends, settings), now_ms)
    await serve(settings, log, tally, excluder)


async def serve(
    settings: ConsumerSettings, log: LogStore, tally: CounterStore, excluder: Excluder | None = None
) -> None:
    """Count into `log` and `tally` until SIGTERM; then finish the batch and leave the group.

    Rulings are applied by `excluder`.
    """
    stop = stop_event()
    readiness = Readiness()
    progress = Progress()
    rejected = RejectedTopic(settings)
    assignment = Assignment()
    ledger = LedgerReader(settings, assignment.clear)
    waiting = Waiting(readiness, SERVERS)
    tracing = IntakeTraces(settings.kafka_topic, settings.kafka_group) if traces() else None
    projector = Projector(log, tally, rejected, tracing)
    consumer = Consumer(ledger, projector, assignment, waiting, progress)
    verifier = Verifier(log, tally, assignment, waiting, ledger.polls.wake)
    reporter = LagReporter(ledger, assignment, waiting, consumer.renew)
    known = KnownAlbums()
    list_reader = AlbumListReader(settings, known)
    list_topic = AlbumListTopic(settings)
    counts = TallyReader(settings.redis_url)
    albums = AlbumLimit(ledger, counts, known, list_reader, list_topic, settings.max_albums)
    known_polls = KnownPolls()
    log_of_polls = PollLogReader(settings, known_polls, proof_ms=_POLLS_PROOF_MS)
    rulings = RulingWatch(ledger, known_polls, excluder)
    Watchdog(progress, settings.stuck_after_seconds).start()
    async with serve_operations("svc_consumer", readiness, settings.host, settings.port):
        list_reader.start()
        log_of_polls.start()
        await _run_until(stop, consumer, verifier.run, reporter.run, albums.run, rulings.run)
        readiness.drain()
        await ledger.stop()
        await asyncio.gather(rejected.stop(), list_reader.stop(), log_of_polls.stop())
        # The stores' connections end with the process: closing them could wait for a store that
        # hangs.


async def _ledger_ends(settings: ConsumerSettings) -> Sequence[int]:
    async with topic_ends(connection_arguments(settings), settings.kafka_topic) as ends:
        return await ends.read()


async def _run_until(
    stop: asyncio.Event, consumer: Consumer, *helpers: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    """Run the consumer and its helpers until `stop`; raise the error of one that fails."""
    running = asyncio.create_task(_run(consumer, helpers))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([running, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not running.done():
        _log.info("stopping: finishing the current batch")
        with contextlib.suppress(TimeoutError):  # the batch is read again after the next start
            async with asyncio.timeout(_BATCH_GRACE_SECONDS):
                await consumer.between_batches.acquire()
        running.cancel()
        await asyncio.wait([running])
    if not running.cancelled():
        await running


async def _run(
    consumer: Consumer, helpers: Iterable[Callable[[], Coroutine[Any, Any, None]]]
) -> None:
    await consumer.connect()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(consumer.run())
        for helper in helpers:
            tasks.create_task(helper())
