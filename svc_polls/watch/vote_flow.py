"""How many votes come in and how many wait to be counted, whatever poll they are in."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from svc_polls.settings import PollsSettings
from voting.ledger.connection import connection_arguments

_PAUSE_SECONDS: Final = 1.0
_ANSWER_SECONDS: Final = 5.0
_CLOSE_SECONDS: Final = 5.0
_RATE_SECONDS: Final = 5.0

_AWAY: Final = (KafkaError, TimeoutError, OSError)


class VoteFlow(msgspec.Struct, frozen=True):
    """Votes written per second, and those that the consumer has not counted yet; null: unknown."""

    per_second: float | None = None
    lag: int | None = None
    trouble: str | None = None


class Rate:
    """Growth per second over the last few seconds of a number that only grows."""

    def __init__(self) -> None:
        self._readings: deque[tuple[float, int]] = deque()

    def add(self, at_seconds: float, total: int) -> float | None:
        """Note the total at a time; return the rate, None until there is one."""
        if self._readings and total < self._readings[-1][1]:
            self._readings.clear()  # another topic of the same name
        self._readings.append((at_seconds, total))
        while len(self._readings) > 2 and self._readings[1][0] <= at_seconds - _RATE_SECONDS:
            self._readings.popleft()
        first_at, first = self._readings[0]
        return (total - first) / (at_seconds - first_at) if at_seconds > first_at else None


def lag_of(ends: Mapping[int, int], counted: Mapping[int, int]) -> int | None:
    """Return how many records lie between what was counted and the ends, by partition.

    None when nothing was ever counted, which says nothing about the records.
    """
    if not counted:
        return None
    return sum(max(0, end - max(0, counted.get(number, 0))) for number, end in ends.items())


async def read_vote_flow(settings: PollsSettings) -> AsyncGenerator[VoteFlow]:
    """Yield the flow of votes every second, over one connection for as long as that holds."""
    while True:
        rate = Rate()
        try:
            async with _connected(settings) as kafka:
                while True:
                    async with asyncio.timeout(_ANSWER_SECONDS):
                        # In this order: what is counted later only makes the lag look smaller.
                        counted, trouble = await kafka.read_counted()
                        ends = await kafka.read_ends()
                    per_second = rate.add(time.monotonic(), sum(ends.values()))
                    yield VoteFlow(per_second, lag_of(ends, counted), trouble)
                    await asyncio.sleep(_PAUSE_SECONDS)
        except _AWAY as error:
            yield VoteFlow(trouble=str(error) or "Kafka is not responding")
        await asyncio.sleep(_PAUSE_SECONDS)


class _Kafka:
    def __init__(
        self,
        consumer: AIOKafkaConsumer[Any, Any],
        admin: AIOKafkaAdminClient,
        settings: PollsSettings,
    ) -> None:
        self._consumer = consumer
        self._admin = admin
        self._topic = settings.kafka_topic
        self._group = settings.kafka_group

    async def read_counted(self) -> tuple[dict[int, int], str | None]:
        """Return the offset up to which each partition was counted, or why that is not known."""
        try:
            counted = await self._admin.list_consumer_group_offsets(self._group)
        except KafkaError as error:  # the rate is worth showing all the same
            return {}, str(error)
        return {
            where.partition: at.offset
            for where, at in counted.items()
            if where.topic == self._topic
        }, None

    async def read_ends(self) -> dict[int, int]:
        """Return by partition where the records end."""
        if self._topic not in await self._consumer.topics():
            raise KafkaError(f"topic {self._topic} does not exist")
        numbers = await self._consumer._client._wait_on_metadata(self._topic)
        where = [TopicPartition(self._topic, number) for number in numbers]
        ends = await self._consumer.end_offsets(where)
        return {one.partition: end for one, end in ends.items()}


@asynccontextmanager
async def _connected(settings: PollsSettings) -> AsyncIterator[_Kafka]:
    connection = connection_arguments(settings)
    consumer: AIOKafkaConsumer[Any, Any] = AIOKafkaConsumer(**connection)
    admin = AIOKafkaAdminClient(**connection)
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            await consumer.start()
            await admin.start()
        yield _Kafka(consumer, admin, settings)
    finally:
        for close in (consumer.stop, admin.close):
            try:
                await asyncio.wait_for(close(), _CLOSE_SECONDS)
            except _AWAY:
                await consumer._client.close()
