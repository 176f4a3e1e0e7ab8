"""The topic for records that are not votes."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from svc_consumer.errors import RejectedUnavailableError
from svc_consumer.ledger.records import Rejection
from svc_consumer.metrics import REJECTED
from svc_consumer.settings import ConsumerSettings
from voting.ledger.connection import connection_arguments

_log = logging.getLogger(__name__)

_START_SECONDS: Final = 10
_WRITE_SECONDS: Final = 10
_STOP_SECONDS: Final = 5
# How long a write may hold up the other partitions; not at all once the topic is in trouble.
_PATIENCE_SECONDS: Final = 1

# With our headers, a record as large as Kafka allows would no longer fit and would block its
# partition forever. What is cut off is still in the ledger, at the place that the headers name.
_BYTES_MAX: Final = 256 * 1024


class RejectedTopic:
    """Writes records to `votes.rejected`: key and value as they were, and the reason as a header.

    The headers `topic`, `partition` and `offset` are the record's place in the ledger. A record
    may be written again when its batch is read again; those three headers identify such copies.

    While the topic cannot be written, only partitions with records to reject wait for it: each
    attempt goes on in the background, and repeated calls of `write` return its outcome.
    """

    def __init__(self, settings: ConsumerSettings) -> None:
        self._connection = connection_arguments(settings)
        self._topic = settings.kafka_rejected_topic
        self._ledger_topic = settings.kafka_topic
        self._lock = asyncio.Lock()
        self._producer: AIOKafkaProducer[bytes, bytes] | None = None
        self._trouble: str | None = None
        self._writing: dict[int, asyncio.Task[None]] = {}  # by partition
        # Written, but not yet returned by `write`: by partition and offset.
        self._written: dict[int, dict[int, Rejection]] = {}

    async def write(self, partition: int, rejections: Sequence[Rejection]) -> None:
        """Return when all in-sync replicas have the rejected records of a partition.

        Raises `RejectedUnavailableError` when that fails or takes longer than the other partitions
        may wait.
        """
        while lacking := self._lacking(partition, rejections):
            task = self._writing.get(partition)
            if task is None:
                task = asyncio.create_task(self._write(partition, lacking))
                self._writing[partition] = task
            await asyncio.wait([task], timeout=0 if self._trouble else _PATIENCE_SECONDS)
            if not task.done():
                self._trouble = self._trouble or f"topic {self._topic}: no acknowledgement yet"
                raise RejectedUnavailableError(self._trouble)
            del self._writing[partition]
            task.result()
        self._forget(partition, rejections)

    async def stop(self) -> None:
        """Cancel writes in progress and disconnect, within a few seconds."""
        for task in self._writing.values():
            task.cancel()
        await asyncio.gather(*self._writing.values(), return_exceptions=True)
        await self._disconnect()

    def _lacking(self, partition: int, rejections: Sequence[Rejection]) -> list[Rejection]:
        written = self._written.get(partition, {})
        return [r for r in rejections if written.get(r.record.offset) != r]

    def _forget(self, partition: int, rejections: Sequence[Rejection]) -> None:
        """Forget what was written up to the last of these: the partition has moved past it."""
        if rejections and (written := self._written.pop(partition, None)):
            last = rejections[-1].record.offset
            self._written[partition] = {at: r for at, r in written.items() if at > last}

    async def _write(self, partition: int, rejections: Sequence[Rejection]) -> None:
        async with self._lock:
            try:
                producer = self._producer or await self._connect()
                async with asyncio.timeout(_WRITE_SECONDS):
                    await self._send(producer, partition, rejections)
            except (KafkaError, TimeoutError, OSError) as error:
                await self._disconnect()  # an idempotent producer may stay stuck after an error
                reason = str(error) or "no acknowledgement in time"
                self._trouble = f"topic {self._topic}: {reason}"
                raise RejectedUnavailableError(self._trouble) from error
        self._trouble = None
        self._written.setdefault(partition, {}).update((r.record.offset, r) for r in rejections)
        REJECTED.inc(len(rejections))
        reasons = ", ".join(sorted({rejection.reason for rejection in rejections}))
        _log.warning(
            "rejected %d records of partition %d: %s",
            len(rejections),
            partition,
            reasons,
            extra={"partition": partition},
        )

    async def _disconnect(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await _close(producer)

    async def _connect(self) -> AIOKafkaProducer[bytes, bytes]:
        producer = AIOKafkaProducer(**self._connection, acks="all", enable_idempotence=True)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await producer.start()
        except BaseException:
            await _close(producer)
            raise
        self._producer = producer
        return producer

    async def _send(
        self,
        producer: AIOKafkaProducer[bytes, bytes],
        partition: int,
        rejections: Sequence[Rejection],
    ) -> None:
        acknowledged = []
        for record, reason in rejections:
            headers = [
                ("reason", reason.encode()),
                ("topic", self._ledger_topic.encode()),
                ("partition", str(partition).encode()),
                ("offset", str(record.offset).encode()),
            ]
            acknowledged.append(
                await producer.send(
                    self._topic, _cut(record.value), key=_cut(record.key), headers=headers
                )
            )
        await asyncio.gather(*acknowledged)


def _cut(content: bytes | None) -> bytes | None:
    return None if content is None else content[:_BYTES_MAX]


async def _close(producer: AIOKafkaProducer[bytes, bytes]) -> None:
    try:
        await asyncio.wait_for(producer.stop(), _STOP_SECONDS)
    except (KafkaError, TimeoutError, OSError) as error:
        _log.debug("closing a Kafka producer failed, so its connections are cut: %s", error)
        await producer.client.close()
