"""Follows a topic of one partition in the background, and detects when all of it has been read."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final, Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from voting.ledger.connection import connection_arguments
from voting.ledger.settings import KafkaSettings
from voting.service.backoff import Backoff
from voting.service.clock_watch import now_ms

_log = logging.getLogger(__name__)

_ANSWER_SECONDS: Final = 10
# A broker answers a fetch when there is a record, or after this long.
_FETCH_MS: Final = 5_000
# The client looks this often for what it was not told, by default five times a second; an answer to
# a fetch makes it look, too, so that with the log of polls it never has to.
_LOOK_MS: Final = 2_500
_FETCH_BYTES: Final = 2 * 1024 * 1024

type Record = ConsumerRecord[Any, Any]


class TopicReader(Protocol):
    """Handles the records of a topic."""

    def first_offset(self, end: int) -> int:
        """Return where to start reading a topic that ends at `end`; called for each connection."""
        ...

    def take(self, records: Sequence[Record]) -> None:
        """Handle the next records; an exception makes the follower reconnect."""
        ...

    def at_end(self, end: int, asked_at_ms: int) -> None:
        """Note that there were no further records when the end was requested, at this time."""
        ...

    def lost(self) -> None:
        """Note that the topic cannot be read for now."""
        ...


class TopicFollower:
    """Follows `topic` through outages of Kafka; `what` names its contents in the log.

    After each `proof_ms` without a record it compares its position with the topic's end, because a
    Kafka client may fall silent for good.
    """

    def __init__(
        self, settings: KafkaSettings, topic: str, reader: TopicReader, what: str, proof_ms: int
    ) -> None:
        self._connection = connection_arguments(settings)
        self._topic = topic
        self._reader = reader
        self._what = what
        self._proof_ms = proof_ms
        self._pauses = Backoff(1.0, max(1.0, min(30.0, proof_ms / 1000)))
        self._task: asyncio.Task[None] | None = None
        self._failing = False
        self._discarding: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Start following."""
        self._task = asyncio.create_task(self._stay_connected())

    async def stop(self) -> None:
        """Stop following, within bounds."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._discarding:
            await asyncio.wait(self._discarding, timeout=_ANSWER_SECONDS)

    async def _stay_connected(self) -> None:
        while True:
            try:
                await self._follow()
            except Exception as error:  # noqa: BLE001 - any error may be temporary
                self._reader.lost()
                reason = str(error) or "Kafka is not responding"
                # Once per outage: Kafka and the network decide how often it fails.
                level = logging.DEBUG if self._failing else logging.WARNING
                _log.log(level, "cannot read %s; using what was read last: %s", self._what, reason)
                self._failing = True
            await asyncio.sleep(self._pauses.pause())

    async def _follow(self) -> None:
        """Read all records, present and future; returns only by raising an error."""
        consumer = AIOKafkaConsumer(
            **self._connection,
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=min(_FETCH_MS, self._proof_ms),
            consumer_timeout_ms=_LOOK_MS,
            max_partition_fetch_bytes=_FETCH_BYTES,
        )
        try:
            where = TopicPartition(self._topic, 0)
            async with asyncio.timeout(_ANSWER_SECONDS):
                await consumer.start()
                if self._topic not in await consumer.topics():
                    raise LookupError(f"topic {self._topic} does not exist")
                asked_at_ms = now_ms()
                end = await _end_of(consumer, where)
            position = self._reader.first_offset(end)
            consumer.assign([where])
            consumer.seek(where, position)  # at once: it is not noticed once fetching waits
            while True:
                if position == end:
                    self._at_end(end, asked_at_ms)
                found = await consumer.getmany(where, timeout_ms=self._proof_ms)
                if records := found.get(where):
                    self._reader.take(records)
                    position = records[-1].offset + 1
                if position < end:
                    if records:
                        continue
                    raise self._out_of_step(end, position)
                async with asyncio.timeout(_ANSWER_SECONDS):
                    asked_at_ms = now_ms()
                    end = await _end_of(consumer, where)
                if end < position:
                    raise self._out_of_step(end, position)
        finally:
            # In the background: it may wait for answers of a broker that is gone, for its time-out
            # of 40 s, whoever cancels it.
            closing = asyncio.create_task(_close(consumer))
            self._discarding.add(closing)
            closing.add_done_callback(self._discarding.discard)

    def _out_of_step(self, end: int, position: int) -> LookupError:
        return LookupError(f"topic {self._topic} ends at offset {end}, but was read to {position}")

    def _at_end(self, end: int, asked_at_ms: int) -> None:
        self._reader.at_end(end, asked_at_ms)
        if self._failing:
            _log.info("reading %s again", self._what)
        self._failing = False
        self._pauses.reset()


async def _end_of(consumer: AIOKafkaConsumer[bytes, bytes], where: TopicPartition) -> int:
    return int((await consumer.end_offsets([where]))[where])


async def _close(consumer: AIOKafkaConsumer[bytes, bytes]) -> None:
    try:
        await consumer.stop()
    except Exception as error:  # noqa: BLE001 - the consumer is discarded
        _log.debug("closing a Kafka consumer failed: %s", error)
