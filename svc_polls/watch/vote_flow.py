"""How many votes come in and how many wait to be counted, whatever poll they are in."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from svc_polls.settings import PollsSettings
from voting.ledger.connection import connection_arguments
from voting.ledger.errors import EndsUnknownError
from voting.ledger.topic_ends import topic_ends

_log = logging.getLogger(__name__)

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


def lag_of(ends: Sequence[int], counted: Mapping[int, int]) -> int | None:
    """Return how many records lie between what was counted, by partition, and the ends.

    None when nothing was ever counted, which says nothing about the records.
    """
    if not counted:
        return None
    return sum(max(0, end - max(0, counted.get(number, 0))) for number, end in enumerate(ends))


async def read_vote_flow(settings: PollsSettings) -> AsyncGenerator[VoteFlow]:
    """Yield the flow of votes every second, over the same connections for as long as they hold."""
    connection = connection_arguments(settings)
    while True:
        rate = Rate()
        try:
            async with (
                topic_ends(connection, settings.kafka_topic) as ends,
                _admin(connection) as admin,
            ):
                while True:
                    # In this order: what is counted later only makes the lag look smaller.
                    counted, trouble = await _read_counted(admin, settings)
                    found = await ends.read()
                    per_second = rate.add(time.monotonic(), sum(found))
                    yield VoteFlow(per_second, lag_of(found, counted), trouble)
                    await asyncio.sleep(_PAUSE_SECONDS)
        except (*_AWAY, EndsUnknownError) as error:
            yield VoteFlow(trouble=str(error) or "Kafka is not responding")
        await asyncio.sleep(_PAUSE_SECONDS)


async def _read_counted(
    admin: AIOKafkaAdminClient, settings: PollsSettings
) -> tuple[dict[int, int], str | None]:
    """Return the offset up to which each partition was counted, or why that is not known."""
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            counted = await admin.list_consumer_group_offsets(settings.kafka_group)
    except KafkaError as error:  # the rate is worth showing all the same
        return {}, str(error)
    topic = settings.kafka_topic
    return {
        where.partition: at.offset for where, at in counted.items() if where.topic == topic
    }, None


@asynccontextmanager
async def _admin(connection: Mapping[str, Any]) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**connection)
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            await admin.start()
        yield admin
    finally:
        try:
            await asyncio.wait_for(admin.close(), _CLOSE_SECONDS)
        except _AWAY as error:
            _log.debug("closing a Kafka client failed: %s", error)
