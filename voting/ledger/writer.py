"""Writes votes to Kafka: in batches of one partition, acknowledged by all in-sync replicas."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aiokafka.errors import KafkaError

from voting.casting.group_commit import Batch, GroupCommit, QueueFullError
from voting.casting.sink import CLOSED, FULL, UNKNOWN, OnResult, UnavailableError
from voting.domain.codec import NewRecord, record_of
from voting.domain.known_albums import KnownAlbums
from voting.domain.vote import Vote, new_vote_id, partition_of
from voting.ledger.connection import connection_arguments, connection_refusal
from voting.ledger.producer import Producer
from voting.ledger.record_batches import record_batches
from voting.ledger.settings import KafkaWriterSettings
from voting.service.backoff import Backoff
from voting.service.clock_watch import ClockWatch, now_ms
from voting.service.lifecycle import Readiness, run_for_good
from voting.service.logs import in_trace
from voting.service.telemetry import BATCH_SIZE
from voting.tracing.tracing import step

if TYPE_CHECKING:
    from voting.tracing.traces import Step, StepSpans

_log = logging.getLogger(__name__)

_CONNECT_SECONDS = 10
_ANSWER_SECONDS = 10
_RETRY_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 5.0
_PROBE_SECONDS = 2.0
_STOP_SECONDS = 10
_BATCH_VOTES = 1000
# A round leaves as one request per broker, and is done when all have answered. Other partitions
# wait no longer than this for one in trouble.
_PATIENCE_SECONDS = 0.005
# Clients whose votes were just acknowledged may send the next ones, which then share a small batch.
_PAUSE_SECONDS = 0.001
_ENOUGH_VOTES = 32


class LedgerWriter:
    """Appends votes to the topic; a `VoteSink` and a `RecordSink`.

    It connects by itself and updates `readiness`. After an error, or `ack_timeout_seconds` without
    an acknowledgement, a new producer with new connections takes the place of the old one, which
    still delivers what it has.
    """

    def __init__(
        self,
        settings: KafkaWriterSettings,
        readiness: Readiness,
        albums: KnownAlbums | None = None,
    ) -> None:
        """Prepare to connect; `albums` restricts what `cast` accepts, None allows any album."""
        self._albums = albums or KnownAlbums()
        self._connection = connection_arguments(settings)
        self._topic = settings.kafka_topic
        self._ack_seconds = settings.ack_timeout_seconds
        self._max_waiting = settings.max_waiting_votes
        self._readiness = readiness
        self._partitions = 0
        self._group: GroupCommit[NewRecord, None] | None = None
        self._producer: Producer | None = None
        self._failed = asyncio.Event()
        self._acknowledged = False  # by the current producer
        self._discarding: set[asyncio.Task[None]] = set()
        self._connecting: asyncio.Task[None] | None = None
        self._batch_size = BATCH_SIZE.labels("kafka")
        self._clock = ClockWatch("kafka")
        self._step = step("send votes", "producer", _sending(self._topic))

    async def start(self) -> None:
        """Start connecting; votes are refused until connected."""
        self._connecting = run_for_good(self._stay_connected(), "the connection to Kafka")

    async def stop(self) -> None:
        """Wait, within bounds, for outstanding acknowledgements, then disconnect."""
        if self._group is not None:
            with contextlib.suppress(TimeoutError):  # the waiting requests get their 503
                await asyncio.wait_for(self._group.drain(), _STOP_SECONDS)
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait([self._connecting])
        if self._producer is not None:
            self._discard(self._producer)
            self._producer = None
        if self._discarding:
            await asyncio.wait(self._discarding, timeout=_STOP_SECONDS)

    def new_id(self) -> str:
        """Return an id in the partition whose batch leaves next."""
        return new_vote_id(self._group.filling if self._group else 0)

    def cast(self, vote: Vote, traceparent: str | None, on_result: OnResult) -> None:
        """Queue a vote; `on_result` is called once all in-sync replicas have it, or with the error.

        Raises `InvalidVoteError` if the list of albums is full and lacks this one.
        """
        if self._albums.listed is not None and not vote.poll:
            self._albums.check(vote)
        self.append(record_of(vote, traceparent), on_result)

    def append(self, record: NewRecord, on_result: OnResult) -> None:
        """Queue a vote given as a record, like `cast`; the caller has checked its album."""
        if self._group is None or self._producer is None:
            raise UnavailableError(CLOSED)
        try:
            self._group.submit(partition_of(record[0], self._partitions), record, on_result)
        except QueueFullError as error:
            raise UnavailableError(FULL) from error

    def _commit(self, batches: Sequence[Batch[NewRecord, None]]) -> None:
        producer, sent_ms = self._producer, now_ms()
        if producer is None:
            raise UnavailableError(CLOSED)
        by_partition = {batch.lane: batch for batch in batches}
        spans = _start_spans(self._step, batches) if self._step else {}

        def report(partition: int, outcome: int | KafkaError) -> None:
            batch = by_partition[partition]
            error = outcome if isinstance(outcome, KafkaError) else None
            traced = spans.get(partition)
            if traced:
                traced.end(error)
            if error:
                with in_trace(traced.first if traced else None):
                    self._fail(producer, str(error))
                batch.fail(UnavailableError(UNKNOWN))
                return
            self._acknowledged = True
            if outcome > 0:  # missing if the topic keeps writers' times
                self._clock.note(sent_ms, outcome, now_ms())
            batch.finish([None] * len(batch.items))

        def on_retry(partition: int) -> None:
            if partition in spans:
                spans[partition].event("retry")

        for batch in batches:
            self._batch_size.observe(len(batch.items))
        records = {batch.lane: record_batches(batch.items) for batch in batches}
        producer.write(records, report, on_retry)

    async def _stay_connected(self) -> None:
        pauses = Backoff(_RETRY_SECONDS, _LONGEST_PAUSE_SECONDS)
        while True:
            self._failed.clear()
            self._acknowledged = False
            self._producer = await self._connect()
            await self._watch(self._producer)
            self._readiness.set_not_ready("Kafka does not acknowledge votes")
            if self._acknowledged:
                pauses.reset()
            else:  # connects but refuses every vote: a full disk, or missing rights
                await asyncio.sleep(pauses.pause())

    async def _watch(self, producer: Producer) -> None:
        """Follow a connected producer until a batch fails.

        A lost broker must show in readiness even without traffic, so this asks for the metadata now
        and then. Votes go on in the meantime; many outages are shorter than their timeout.
        """
        while not self._failed.is_set():
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    answered = await producer.check()
            except TimeoutError:
                # The client's own task may have ended, in which case it would never answer again.
                self._fail(producer, f"no metadata within {_ANSWER_SECONDS} s")
                return
            if answered:
                self._readiness.set_ready()
            else:
                self._readiness.set_not_ready(await self._what_is_missing())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._failed.wait(), _PROBE_SECONDS)

    async def _connect(self) -> Producer:
        while True:
            producer = Producer(self._connection, self._topic, self._ack_seconds)
            partitions, reason = 0, None
            try:
                async with asyncio.timeout(_CONNECT_SECONDS):
                    partitions = await producer.start()
            except (KafkaError, TimeoutError, OSError) as error:
                _log.debug("cannot connect to Kafka: %s", error)
            except BaseException:
                self._discard(producer)
                raise
            if partitions and self._partitions in {0, partitions}:
                self._open(partitions)
                return producer
            if partitions:
                # A vote's partition depends on its id and this number, which must not change.
                reason = f"topic {self._topic} had {self._partitions} partitions, now {partitions}"
            self._discard(producer)
            self._readiness.set_not_ready(reason or await self._what_is_missing())
            await asyncio.sleep(_RETRY_SECONDS)

    async def _what_is_missing(self) -> str:
        servers = self._connection["bootstrap_servers"]
        refusal = await connection_refusal(self._connection)
        return f"waiting for Kafka at {servers}, {refusal or f'topic {self._topic}'}"

    def _open(self, partitions: int) -> None:
        if self._group is None:
            self._partitions = partitions
            self._group = GroupCommit(
                self._commit,
                lanes=partitions,
                max_in_flight=partitions,
                max_batch=_BATCH_VOTES,
                max_waiting=self._max_waiting,
                patience=_PATIENCE_SECONDS,
                pause=_PAUSE_SECONDS,
                enough=_ENOUGH_VOTES,
            )

    def _fail(self, producer: Producer, reason: str) -> None:
        """Discard a failed producer, so that a new one takes its place."""
        if producer is self._producer:
            _log.warning("replacing the Kafka producer: %s", reason)
            self._producer = None
            self._discard(producer)
            self._failed.set()

    def _discard(self, producer: Producer) -> None:
        task = asyncio.create_task(producer.close())
        self._discarding.add(task)
        task.add_done_callback(self._discarding.discard)


def _sending(topic: str) -> dict[str, str]:
    """Return what OpenTelemetry's conventions have for writes to a topic."""
    return {
        "messaging.system": "kafka",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": topic,
    }


def _start_spans(step: Step, batches: Sequence[Batch[NewRecord, None]]) -> dict[int, StepSpans]:
    """Start the spans of sampled votes, which their records then carry; return them by lane."""
    found = {}
    for batch in batches:
        parents = {index: record[2] for index, record in enumerate(batch.items) if record[2]}
        where: dict[str, str | int] = {
            "messaging.destination.partition.id": str(batch.lane),
            "messaging.batch.message_count": len(batch.items),
        }
        if spans := step.start(parents, where):
            found[batch.lane] = spans
            for index, traceparent in spans.traceparents.items():
                vote_id, value, _ = batch.items[index]
                batch.items[index] = vote_id, value, traceparent
    return found
