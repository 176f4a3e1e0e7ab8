"""The log of polls, read from a real broker."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from harness.processes.waiting import until
from harness.servers.kafka_server import KafkaServer
from voting.ledger.poll_log_reader import PollLogReader
from voting.ledger.settings import KafkaSettings
from voting.polls.event import Define, Open, encode_event
from voting.polls.known_polls import KnownPolls
from voting.service.clock_watch import now_ms
from voting.testing.polls import DEFINITION, POLL, PollLog, event, with_changes

pytest_plugins = ["harness.testing.fixtures"]

_NUMBERS: Final = itertools.count()
# The longest time-out of an answer, a pause, and a busy machine.
AGAIN_SECONDS: Final = 25


@pytest.fixture
def topic(kafka: KafkaServer) -> str:
    name = f"polls-{next(_NUMBERS)}"
    kafka.create_topics({name: 1})
    return name


class Following:
    """A reader of a topic, and what it found."""

    def __init__(self, kafka: KafkaServer, topic: str) -> None:
        self.known = KnownPolls()
        self.events: list[int] = []
        settings = KafkaSettings(kafka_bootstrap_servers=kafka.address, kafka_polls_topic=topic)
        self.reader = PollLogReader(
            settings, self.known, lambda _, recorded: self.events.append(recorded.event.number)
        )

    async def at(self, number: int) -> None:
        """Return when this event is known, and a question asked after now found no newer one."""
        begin = now_ms()
        await until(
            lambda: self.known.book.number >= number and self.known.age_ms(begin) <= 0,
            f"event {number}",
        )

    async def halted(self) -> str:
        """Return why the reader halted, once it has."""
        await until(lambda: self.reader.halted is not None, "the reader's halt")
        return self.reader.halted or ""


@asynccontextmanager
async def following(kafka: KafkaServer, topic: str) -> AsyncIterator[Following]:
    found = Following(kafka, topic)
    found.reader.start()
    try:
        yield found
    finally:
        await found.reader.stop()


async def write(kafka: KafkaServer, topic: str, *values: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka.address, acks="all")
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait(topic, value)
    finally:
        await producer.stop()


def history(*changes: Define | Open) -> list[bytes]:
    """Return the records of these changes, one after the other."""
    log = PollLog()
    for change in changes:
        log.append(change, 1)
    return [value for value, _ in log.records]


async def test_events_are_applied_in_order_and_the_end_is_proved(
    kafka: KafkaServer, topic: str
) -> None:
    first, second = history(Define(DEFINITION), Open())
    await write(kafka, topic, first)
    async with following(kafka, topic) as found:
        await found.at(1)
        assert found.known.book.polls[POLL].definition == DEFINITION
        await write(kafka, topic, second, first)
        await found.at(2)
        opened_at_ms = found.known.book.polls[POLL].opens_at_ms
        assert opened_at_ms is not None
        assert abs(opened_at_ms - now_ms()) < 60_000  # by Kafka's clock, not the writer's
        assert found.known.is_fresh(now_ms())
        assert found.events == [1, 2]
        await found.at(2)  # and the proof is renewed while nothing happens


async def test_of_two_writers_the_first_one_stands(kafka: KafkaServer, topic: str) -> None:
    [first] = history(Define(DEFINITION))
    [other] = history(Define(with_changes(rank_max=5)))
    await write(kafka, topic, first, other)
    async with following(kafka, topic) as found:
        await found.at(1)
        assert found.known.book.polls[POLL].definition == DEFINITION
        assert found.reader.halted is None


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ([b"not an event"], "is not a polls.v1.Event message"),
        ([encode_event(event(Open(), number=2))], "event 2 follows event 0"),
        ([encode_event(event(Open(), previous=b"x"))], "was not written after event 0"),
    ],
)
async def test_records_that_cannot_be_trusted_halt_the_reader(
    kafka: KafkaServer, topic: str, records: list[bytes], reason: str
) -> None:
    async with following(kafka, topic) as found:
        await found.at(0)
        await write(kafka, topic, *records)
        assert reason in await found.halted()
        halted_at = now_ms()
        await write(kafka, topic, *history(Define(DEFINITION)))
        assert found.known.book.number == 0
        assert found.known.age_ms(halted_at) >= 0


async def test_a_topic_that_keeps_no_time_of_arrival_is_refused(kafka: KafkaServer) -> None:
    topic = f"polls-{next(_NUMBERS)}"
    client = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await client.start()
    try:
        await client.create_topics([NewTopic(topic, 1, 1)])
    finally:
        await client.close()
    await write(kafka, topic, *history(Define(DEFINITION)))
    async with following(kafka, topic) as found:
        assert "message.timestamp.type=LogAppendTime" in await found.halted()


@pytest.mark.parametrize("records", [0, 1, 3], ids=["empty", "as many", "more"])
async def test_a_topic_that_was_replaced_halts_the_reader(
    kafka: KafkaServer, topic: str, records: int
) -> None:
    await write(kafka, topic, *history(Define(DEFINITION)))
    found = Following(kafka, topic)
    found.reader.start()
    await found.at(1)
    await found.reader.stop()
    client = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await client.start()
    try:
        await client.delete_topics([topic])
    finally:
        await client.close()
    kafka.create_topics({topic: 1})
    other = history(Define(with_changes(rank_max=5)), Open(), Open())[:records]
    await write(kafka, topic, *other)
    found.reader.start()
    try:
        assert await found.halted()
    finally:
        await found.reader.stop()


async def test_a_missing_topic_is_read_once_it_is_there(kafka: KafkaServer) -> None:
    topic = f"polls-{next(_NUMBERS)}"
    async with following(kafka, topic) as found:
        kafka.create_topics({topic: 1})
        await write(kafka, topic, *history(Define(DEFINITION)))
        await found.at(1)


async def test_a_broker_that_stops_and_starts_is_followed_again_soon(
    kafka: KafkaServer, topic: str
) -> None:
    first, second = history(Define(DEFINITION), Open())
    await write(kafka, topic, first)
    async with following(kafka, topic) as found:
        await found.at(1)
        await asyncio.to_thread(kafka.stop)
        try:
            await until(lambda: not found.known.is_fresh(now_ms()), "a proof that is too old")
        finally:
            await asyncio.to_thread(kafka.start)
        begin = time.monotonic()
        await write(kafka, topic, second)
        await found.at(2)
        assert time.monotonic() - begin < AGAIN_SECONDS
