"""The topic `polls` in Kafka: appends one record at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
)

from svc_polls.log.writer import Append, NotSentError, UnknownFateError
from svc_polls.settings import PollsSettings
from voting.ledger.connection import connection_arguments

_CONNECT_SECONDS: Final = 10.0
_NOT_TAKEN: Final = (
    ClusterAuthorizationFailedError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
)


class PollTopic:
    """An `EventTopic`. Writing is rare, so each write has a connection of its own."""

    def __init__(self, settings: PollsSettings) -> None:
        self._connection = connection_arguments(settings)
        self._topic = settings.kafka_polls_topic
        self._ack_seconds = settings.ack_timeout_seconds

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Append]:
        """Connect, within bounds, and disconnect in the end; raises `NotSentError`."""
        producer = AIOKafkaProducer(**self._connection, acks="all", enable_idempotence=True)
        try:
            try:
                async with asyncio.timeout(_CONNECT_SECONDS):
                    await producer.start()
                    cluster = await producer.client.fetch_all_metadata()
                    if self._topic not in cluster.topics():
                        raise NotSentError(f"topic {self._topic} does not exist")
                    await producer.partitions_for(self._topic)
            except (KafkaError, TimeoutError, OSError) as error:
                raise NotSentError(str(error) or "it is not responding") from error
            yield partial(self._append, producer)
        finally:
            # Not stop(): what was not acknowledged must not be sent again, minutes later perhaps.
            await _cut(producer)

    async def _append(self, producer: AIOKafkaProducer, value: bytes) -> None:
        try:
            async with asyncio.timeout(self._ack_seconds):
                await producer.send_and_wait(self._topic, value, partition=0)
        except _NOT_TAKEN as error:
            raise NotSentError(repr(error)) from error
        except (KafkaError, TimeoutError, OSError) as error:
            reason = str(error) or f"no acknowledgement within {self._ack_seconds:g} s"
            raise UnknownFateError(reason) from error


async def _cut(producer: AIOKafkaProducer) -> None:
    """End a producer without delivering what it has."""
    producer._closed = True
    if (sender := producer._sender.sender_task) is not None:
        sender.cancel()
    await producer.client.close()
