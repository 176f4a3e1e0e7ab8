"""Reads all partitions of the topic of the votes, each from where it is told to."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from voting.ledger.connection import connection_arguments, connection_refusal
from voting.ledger.errors import LedgerUnavailableError, translated
from voting.ledger.settings import KafkaSettings

_log = logging.getLogger(__name__)

# A broker answers a fetch when there is a record, or after this long. The client looks this often
# for what it was not told, by default five times a second; that answer makes it look, too. The
# witness's fetches are shorter: the last one is still with the broker when it reads again.
_FETCH_MS: Final = 2_000
_CLIENT_LOOK_MS: Final = 2_500
_POLL_RECORDS: Final = 6000
# Few records gather before the next poll, which then costs hardly more: no checkpoint waits for it.
_GATHER_SECONDS: Final = 0.3
_FEW_RECORDS: Final = 1000
# It needs one record of a partition at a time; a batch that is larger comes all the same.
_WITNESS_BYTES: Final = 65_536
_METADATA_MS: Final = 10_000
_START_SECONDS: Final = 15
_ANSWER_SECONDS: Final = 5
_STOP_SECONDS: Final = 5

type Record = ConsumerRecord[Any, Any]
type Records = Mapping[int, Sequence[Record]]


class LedgerReader:
    """One connection to Kafka; every wait is bounded and may raise `LedgerUnavailableError`."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._connection = connection_arguments(settings)
        self._topic = settings.kafka_topic
        self._consumer: AIOKafkaConsumer[Any, Any] | None = None
        self._witness: AIOKafkaConsumer[Any, Any] | None = None  # for `records_at`
        self._closing: set[asyncio.Task[None]] = set()
        self._gathers = False  # whether the last poll found few records

    async def start(self) -> int:
        """Connect, and return how many partitions there are; nothing is read until `seek`."""
        consumer = self._consumer = self._new_consumer(fetch_max_wait_ms=_FETCH_MS)
        witness = self._witness = self._new_consumer(max_partition_fetch_bytes=_WITNESS_BYTES)
        try:
            with translated():
                async with asyncio.timeout(_START_SECONDS):
                    await asyncio.gather(consumer.start(), witness.start())
                    known = await consumer.topics()
        except LedgerUnavailableError as error:
            if refusal := await connection_refusal(self._connection):
                servers = self._connection["bootstrap_servers"]
                raise LedgerUnavailableError(f"{servers}, {refusal}") from error
            raise
        if self._topic not in known:
            raise LedgerUnavailableError(f"topic {self._topic} does not exist")
        with translated():
            async with asyncio.timeout(_ANSWER_SECONDS):
                # The client has the partitions only of topics of which it was asked something.
                await consumer.end_offsets([TopicPartition(self._topic, 0)])
        partitions = self.partitions
        consumer.assign(self._all(partitions))
        for partition in self._all(partitions):
            consumer.seek(partition, 0)
            consumer.pause(partition)
        return partitions

    @property
    def partitions(self) -> int:
        """How many partitions the topic has, as far as is known."""
        return len(self._started.partitions_for_topic(self._topic) or ())

    def seek(self, partition: int, offset: int) -> None:
        """Read a partition from this offset on."""
        where = TopicPartition(self._topic, partition)
        self._started.seek(where, offset)
        self._started.resume(where)

    def pause(self, partition: int) -> None:
        """Stop reading a partition until the next `seek`."""
        self._started.pause(TopicPartition(self._topic, partition))

    async def poll(self, wait_seconds: float) -> Records:
        """Return the next records by partition; empty if none arrive in time.

        Raises `OutsideLedgerError` when the ledger does not have the requested offsets.
        """
        if self._gathers:
            await asyncio.sleep(_GATHER_SECONDS)
        with translated():
            found = await self._started.getmany(
                timeout_ms=int(wait_seconds * 1000), max_records=_POLL_RECORDS
            )
        self._gathers = 0 < sum(map(len, found.values())) < _FEW_RECORDS
        return {partition.partition: records for partition, records in found.items()}

    async def records_at(self, offsets: Mapping[int, int]) -> Mapping[int, Record]:
        """Return the record at an offset of each of these partitions, as the ledger is now.

        Raises `OutsideLedgerError` when the ledger does not have it.
        """
        if self._witness is None:
            raise LedgerUnavailableError("not connected")
        wanted = {number: TopicPartition(self._topic, number) for number in offsets}
        # Assigned anew, it forgets what it has fetched before.
        self._witness.assign(list(wanted.values()))
        for number, where in wanted.items():
            self._witness.seek(where, offsets[number])
        try:
            with translated():
                async with asyncio.timeout(_ANSWER_SECONDS):
                    return {n: await self._witness.getone(where) for n, where in wanted.items()}
        finally:
            self._witness.pause(*wanted.values())

    async def ends(self) -> Mapping[int, int]:
        """Return the offset behind the last record of each partition."""
        partitions = list(self._started.assignment())
        with translated():
            async with asyncio.timeout(_ANSWER_SECONDS):
                found = await self._started.end_offsets(partitions)
        return {partition.partition: end for partition, end in found.items()}

    async def stop(self) -> None:
        """Disconnect, within bounds."""
        consumers = [c for c in (self._consumer, self._witness) if c is not None]
        self._consumer = self._witness = None
        if not consumers:
            return
        # Tasks of their own: they may wait for answers of a broker that is gone, whoever cancels.
        closing = {asyncio.create_task(_close(consumer)) for consumer in consumers}
        self._closing |= closing
        for task in closing:
            task.add_done_callback(self._closing.discard)
        await asyncio.wait(closing, timeout=_STOP_SECONDS)

    @property
    def _started(self) -> AIOKafkaConsumer[Any, Any]:
        if self._consumer is None:
            raise LedgerUnavailableError("not connected")
        return self._consumer

    def _new_consumer(self, **settings: int) -> AIOKafkaConsumer[Any, Any]:
        return AIOKafkaConsumer(
            **self._connection,
            enable_auto_commit=False,
            auto_offset_reset="none",
            request_timeout_ms=10_000,
            consumer_timeout_ms=_CLIENT_LOOK_MS,
            metadata_max_age_ms=_METADATA_MS,
            **settings,
        )

    def _all(self, partitions: int) -> list[TopicPartition]:
        return [TopicPartition(self._topic, number) for number in range(partitions)]


async def _close(consumer: AIOKafkaConsumer[Any, Any]) -> None:
    try:
        await consumer.stop()
    except (KafkaError, TimeoutError, OSError) as error:
        _log.debug("closing a Kafka consumer failed: %s", error)
