"""Asks Kafka where the partitions of a topic end."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from voting.ledger.errors import EndsUnknownError

_log = logging.getLogger(__name__)

_ANSWER_SECONDS: Final = 5.0
_CLOSE_SECONDS: Final = 5.0

_AWAY: Final = (KafkaError, TimeoutError, OSError)


class TopicEnds:
    """The ends of a topic; made by `topic_ends`, for as long as its connection holds."""

    def __init__(self, consumer: AIOKafkaConsumer[Any, Any], topic: str) -> None:
        self._consumer = consumer
        self._topic = topic

    async def read(self) -> tuple[int, ...]:
        """Return the offset behind the last record of each partition, in order.

        Kafka is asked after the call, so each record that was acknowledged before lies below: the
        leader of a partition acknowledges what it would also let a reader see. Raises
        `EndsUnknownError`, after 5 s at the latest.
        """
        with _translated():
            async with asyncio.timeout(_ANSWER_SECONDS):
                where = [TopicPartition(self._topic, number) for number in await self._numbers()]
                ends = await self._consumer.end_offsets(where)
        if ends.keys() != {*where} or any(end < 0 for end in ends.values()):
            raise EndsUnknownError(f"Kafka does not know all ends of topic {self._topic}")
        return tuple(ends[partition] for partition in where)

    async def _numbers(self) -> list[int]:
        if self._topic not in await self._consumer.topics():
            raise EndsUnknownError(f"topic {self._topic} does not exist")
        if not self._consumer.partitions_for_topic(self._topic):
            # The consumer has the partitions of those topics only of which it was asked something.
            await self._consumer.end_offsets([TopicPartition(self._topic, 0)])
        numbers = sorted(self._consumer.partitions_for_topic(self._topic) or ())
        if not numbers or numbers != list(range(len(numbers))):
            raise EndsUnknownError(f"topic {self._topic} has partitions {numbers}")
        return numbers


@asynccontextmanager
async def topic_ends(connection: Mapping[str, Any], topic: str) -> AsyncIterator[TopicEnds]:
    """Connect, and disconnect in the end, both within 5 s; raises `EndsUnknownError`.

    `connection` is what `connection_arguments` returns.
    """
    consumer: AIOKafkaConsumer[Any, Any] = AIOKafkaConsumer(**connection)
    try:
        with _translated():
            async with asyncio.timeout(_ANSWER_SECONDS):
                await consumer.start()
        yield TopicEnds(consumer, topic)
    finally:
        await close_consumer(consumer)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except _AWAY as error:
        raise EndsUnknownError(str(error) or "Kafka is not responding") from error


async def close_consumer(consumer: AIOKafkaConsumer[Any, Any]) -> None:
    """Disconnect, within 5 s."""
    try:
        await asyncio.wait_for(consumer.stop(), _CLOSE_SECONDS)
    except _AWAY as error:
        _log.debug("closing a Kafka consumer failed, so its connections are cut: %s", error)
        await consumer._client.close()
