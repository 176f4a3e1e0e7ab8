"""Keeps the newest list of known albums in memory, read from its topic in the background."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from voting.domain.known_albums import AlbumList, KnownAlbums, decode_list
from voting.ledger.connection import connection_arguments
from voting.ledger.settings import KafkaSettings
from voting.service.backoff import Backoff

_log = logging.getLogger(__name__)

_ANSWER_SECONDS: Final = 10
# A broker answers a fetch when there is a record, or after so long: one request in five seconds.
_FETCH_MS: Final = 5_000
_FETCH_BYTES: Final = 2 * 1024 * 1024
# How often is asked whether the end is where we are: a client may stay silent for good.
_PROOF_MS: Final = 20_000
_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 30.0


class AlbumListReader:
    """Follows the topic of the list, of which only the last record counts.

    Votes do not depend on it: while Kafka or the topic is away, the last list that was read holds.
    `current` says whether the list was read to its end since the last connection was made.
    """

    def __init__(self, settings: KafkaSettings, known: KnownAlbums) -> None:
        self._connection = connection_arguments(settings)
        self._topic = settings.kafka_albums_topic
        self._known = known
        self._pauses = Backoff(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        self._task: asyncio.Task[None] | None = None
        self._failing = False
        self.current = False

    def start(self) -> None:
        """Begin to follow."""
        self._task = asyncio.create_task(self._stay_connected())

    async def stop(self) -> None:
        """End, within bounds."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _stay_connected(self) -> None:
        while True:
            try:
                await self._follow()
            except Exception as error:  # noqa: BLE001 - whatever it is, votes go on without
                self.current = False
                reason = str(error) or "Kafka is not responding"
                # Once per outage: Kafka and the network decide how often it fails.
                level = logging.DEBUG if self._failing else logging.WARNING
                _log.log(
                    level, "cannot read the list of known albums; using the last one: %s", reason
                )
                self._failing = True
            await asyncio.sleep(self._pauses.pause())

    async def _follow(self) -> None:
        """Read the last record and those that come; ends by an error only."""
        consumer = AIOKafkaConsumer(
            **self._connection,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=_FETCH_MS,
            max_partition_fetch_bytes=_FETCH_BYTES,
        )
        try:
            where = TopicPartition(self._topic, 0)
            async with asyncio.timeout(_ANSWER_SECONDS):
                await consumer.start()
                if self._topic not in await consumer.topics():
                    raise LookupError(f"topic {self._topic} does not exist")
                consumer.assign([where])
                end = await _end_of(consumer, where)
            position = max(0, end - 1)
            consumer.seek(where, position)
            while True:
                self._current_at(position, end)
                found = await consumer.getmany(where, timeout_ms=_PROOF_MS)
                if records := found.get(where):
                    self._take(records)
                    position = records[-1].offset + 1
                    end = max(end, position)
                    continue
                async with asyncio.timeout(_ANSWER_SECONDS):
                    end = await _end_of(consumer, where)
                if end != position:
                    raise LookupError(
                        f"topic {self._topic} ends at offset {end}, but was read to {position}"
                    )
        finally:
            await _close(consumer)

    def _current_at(self, position: int, end: int) -> None:
        if position < end:
            return
        if not end and self._known.albums.hashes:
            _log.warning("topic %s was recreated: votes may name any album", self._topic)
            self._known.take(AlbumList())
        if self._failing:
            _log.info("reading the list of known albums again")
        self._failing, self.current = False, True
        self._pauses.reset()

    def _take(self, records: Sequence[ConsumerRecord[Any, Any]]) -> None:
        try:
            albums = decode_list(records[-1].value)
        except ValueError as error:
            _log.warning(
                "topic %s: skipped the record at offset %d: %s",
                self._topic,
                records[-1].offset,
                error,
            )
            return
        if albums.closed != self._known.albums.closed:
            which = f"only the {len(albums.hashes)} known albums" if albums.closed else "any album"
            _log.warning("votes may name %s", which)
        self._known.take(albums)


async def _end_of(consumer: AIOKafkaConsumer[bytes, bytes], where: TopicPartition) -> int:
    return int((await consumer.end_offsets([where]))[where])


async def _close(consumer: AIOKafkaConsumer[bytes, bytes]) -> None:
    try:
        await asyncio.wait_for(consumer.stop(), _ANSWER_SECONDS)
    except Exception as error:  # noqa: BLE001 - it is thrown away
        _log.debug("closing a Kafka consumer failed: %s", error)
