"""An idempotent Kafka producer: its creation, its record batches, and closing it within bounds."""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from voting.domain.codec import CONTENT_TYPE, NewRecord
from voting.domain.headers import TRACE_HEADER

_log = logging.getLogger(__name__)

CLOSE_SECONDS: Final = 10
_BATCH_BYTES: Final = 512 * 1024
# Kafka records the arrival time itself. It refuses a batch if a single record's time is more than
# an hour ahead, so records carry no time: only Kafka's clock matters.
_NO_TIME: Final = -1
_HEADERS: Final = [("content-type", CONTENT_TYPE)]


def new_producer(connection: Mapping[str, Any]) -> AIOKafkaProducer:
    """Return a producer for which a batch is acknowledged once all in-sync replicas have it.

    `connection` is what `connection_arguments` returns.
    """
    return AIOKafkaProducer(
        **connection,
        acks="all",
        enable_idempotence=True,
        max_batch_size=_BATCH_BYTES,
    )


def record_batches(producer: AIOKafkaProducer, records: Sequence[NewRecord]) -> Iterator[object]:
    """Yield the votes as record batches of at most 512 KiB each."""
    batch = producer.create_batch()
    for vote_id, value, traceparent in records:
        key = vote_id.encode()
        headers = _HEADERS
        if traceparent:
            headers = [*_HEADERS, (TRACE_HEADER, traceparent.encode())]
        if batch.append(timestamp=_NO_TIME, key=key, value=value, headers=headers) is None:  # full
            yield batch
            batch = producer.create_batch()
            batch.append(timestamp=_NO_TIME, key=key, value=value, headers=headers)
    yield batch


async def close_producer(producer: AIOKafkaProducer) -> None:
    """Let a producer deliver what it has, within bounds, and close it for good."""
    try:
        await asyncio.wait_for(producer.stop(), CLOSE_SECONDS)
    except (KafkaError, TimeoutError, OSError) as error:
        # stop() waits for batches that a lost broker never takes, and leaves its sender running.
        _log.debug("closing a Kafka producer failed, so its connections are cut: %s", error)
        await cut_producer(producer)


async def cut_producer(producer: AIOKafkaProducer) -> None:
    """End a producer without delivering what it has."""
    producer._closed = True
    if (sender := producer._sender.sender_task) is not None:
        sender.cancel()
    await producer.client.close()
