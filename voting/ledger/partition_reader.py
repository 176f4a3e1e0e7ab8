"""Reads one partition of a topic from its beginning up to an offset, outside any group."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from voting.ledger.errors import PartitionUnreadableError
from voting.ledger.topic_ends import close_consumer

type Record = ConsumerRecord[bytes, bytes]

# As much as is handled without anything else having its turn.
_BATCH_RECORDS: Final = 1_000
_ANSWER_SECONDS: Final = 15.0
_FETCH_MS: Final = 1_000


async def read_partition(
    connection: Mapping[str, Any], topic: str, partition: int, end: int, start: int = 0
) -> AsyncGenerator[Sequence[Record]]:
    """Yield the records from offset `start` up to `end`, which is not included, in batches.

    `connection` is what `connection_arguments` returns. Raises `PartitionUnreadableError`, after 15
    seconds without a record at the latest. Close it, for example with `aclosing`.
    """
    if start >= end:
        return
    consumer: AIOKafkaConsumer[bytes, bytes] = AIOKafkaConsumer(
        **connection, enable_auto_commit=False, auto_offset_reset="none"
    )
    where = TopicPartition(topic, partition)
    position = start
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            await consumer.start()
            if topic not in await consumer.topics():
                raise PartitionUnreadableError(f"topic {topic} does not exist")
            consumer.assign([where])
            consumer.seek(where, start)
        while position < end:
            async with asyncio.timeout(_ANSWER_SECONDS):
                while not (found := await _records(consumer, where)):
                    pass
            records = [record for record in found if record.offset < end]
            position = found[-1].offset + 1
            yield records
    except OffsetOutOfRangeError as error:
        raise PartitionUnreadableError(
            f"partition {partition} of topic {topic} has no record at offset {position}"
        ) from error
    except (KafkaError, TimeoutError, OSError) as error:
        raise PartitionUnreadableError(str(error) or "Kafka is not responding") from error
    finally:
        await close_consumer(consumer)


async def read_all(
    connection: Mapping[str, Any], topic: str, partition: int, end: int
) -> list[Record]:
    """Return the records of a short partition up to `end`; errors: see `read_partition`."""
    found: list[Record] = []
    async with aclosing(read_partition(connection, topic, partition, end)) as batches:
        async for batch in batches:
            found += batch
    return found


async def _records(
    consumer: AIOKafkaConsumer[bytes, bytes], where: TopicPartition
) -> Sequence[Record]:
    found = await consumer.getmany(where, timeout_ms=_FETCH_MS, max_records=_BATCH_RECORDS)
    records: Sequence[Record] = found.get(where, [])
    return records
