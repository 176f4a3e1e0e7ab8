"""Writes votes to Kafka: in batches of one partition, acknowledged by all in-sync replicas."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.structs import RecordMetadata

from voting.casting.group_commit import GroupCommit, QueueFullError
from voting.casting.sink import CLOSED, FULL, UNKNOWN, OnResult, UnavailableError
from voting.domain.codec import NewRecord, record_of
from voting.domain.known_albums import KnownAlbums
from voting.domain.vote import Vote, new_vote_id, partition_of
from voting.ledger.connection import connection_arguments, connection_refusal
from voting.ledger.producer import CLOSE_SECONDS, close_producer, new_producer, record_batches
from voting.ledger.settings import KafkaWriterSettings
from voting.service.backoff import Backoff
from voting.service.clock_watch import ClockWatch, now_ms
from voting.service.lifecycle import Readiness, run_for_good
from voting.service.telemetry import BATCH_SIZE

_log = logging.getLogger(__name__)

_CONNECT_SECONDS = 10
_ANSWER_SECONDS = 10
_RETRY_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 5.0
_PROBE_SECONDS = 2.0
_BATCH_VOTES = 1000
# A Kafka client has one request per broker in flight: batches that wait for it leave in a single
# request. Other partitions wait no longer than this for one in trouble.
_PATIENCE_SECONDS = 0.005
# Clients whose votes were just acknowledged may send the next ones, which then share a small batch.
_PAUSE_SECONDS = 0.001
_ENOUGH_VOTES = 32


class LedgerWriter:
    """Appends votes to the topic; a `VoteSink` and a `RecordSink`.

    It connects by itself, updates `readiness`, and replaces a failed producer: an idempotent
    producer never gives up a batch and may stay stuck, so after an error or
    `ack_timeout_seconds` without an acknowledgement a new one takes its place. Anything that the
    old one still delivers has the same ids.
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
        self._producer: AIOKafkaProducer | None = None
        self._failed = asyncio.Event()
        self._acknowledged = False  # by the current producer
        self._discarding: set[asyncio.Task[None]] = set()
        self._connecting: asyncio.Task[None] | None = None
        self._batch_size = BATCH_SIZE.labels("kafka")
        self._clock = ClockWatch("kafka")

    async def start(self) -> None:
        """Start connecting; votes are refused until connected."""
        self._connecting = run_for_good(self._stay_connected(), "the connection to Kafka")

    async def stop(self) -> None:
        """Wait, within bounds, for outstanding acknowledgements, then disconnect."""
        if self._group is not None:
            with contextlib.suppress(TimeoutError):  # the waiting requests get their 503
                await asyncio.wait_for(self._group.drain(), CLOSE_SECONDS)
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait([self._connecting])
        if self._producer is not None:
            self._discard(self._producer)
            self._producer = None
        if self._discarding:
            await asyncio.wait(self._discarding, timeout=CLOSE_SECONDS)

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

    async def _commit(self, partition: int, records: Sequence[NewRecord]) -> Sequence[None]:
        producer = self._producer
        if producer is None:
            raise UnavailableError(CLOSED)
        self._batch_size.observe(len(records))
        try:
            async with asyncio.timeout(self._ack_seconds):
                for batch in record_batches(producer, records):
                    sent_ms = now_ms()
                    acknowledged = await producer.send_batch(
                        batch, self._topic, partition=partition
                    )
                    self._note_clock(sent_ms, await acknowledged)
        except (KafkaError, TimeoutError) as error:
            reason = str(error) or f"no acknowledgement within {self._ack_seconds:g} s"
            self._fail(producer, reason)
            raise UnavailableError(UNKNOWN) from error
        self._acknowledged = True
        return [None] * len(records)

    def _note_clock(self, sent_ms: int, metadata: RecordMetadata) -> None:
        if metadata.timestamp > 0:  # missing if the topic keeps writers' times
            self._clock.note(sent_ms, metadata.timestamp, now_ms())

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

    async def _watch(self, producer: AIOKafkaProducer) -> None:
        """Follow a connected producer until a batch fails.

        A lost broker must show in readiness even without traffic, so this asks for the metadata now
        and then. Votes go on in the meantime; many outages are shorter than their timeout.
        """
        while not self._failed.is_set():
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    answered = await producer.client.force_metadata_update()
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

    async def _connect(self) -> AIOKafkaProducer:
        while True:
            producer = new_producer(self._connection)
            try:
                async with asyncio.timeout(_CONNECT_SECONDS):
                    await producer.start()
                    partitions = len(await producer.partitions_for(self._topic))
            except (KafkaError, TimeoutError, OSError) as error:
                _log.debug("cannot connect to Kafka: %s", error)
                reason = None
            except BaseException:
                self._discard(producer)
                raise
            else:
                if self._partitions in {0, partitions}:
                    self._open(partitions)
                    return producer
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

    def _fail(self, producer: AIOKafkaProducer, reason: str) -> None:
        """Discard a failed producer, so that a new one takes its place."""
        if producer is self._producer:
            _log.warning("replacing the Kafka producer: %s", reason)
            self._producer = None
            self._discard(producer)
            self._failed.set()

    def _discard(self, producer: AIOKafkaProducer) -> None:
        task = asyncio.create_task(close_producer(producer))
        self._discarding.add(task)
        task.add_done_callback(self._discarding.discard)
