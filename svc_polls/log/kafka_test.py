"""Writing the log of polls and reading the ends of votes, with a real broker."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import pytest
from aiokafka import AIOKafkaProducer

from harness.processes.ports import free_port
from harness.processes.waiting import until
from harness.servers.kafka_server import KafkaServer
from svc_polls.log.cutter import Cutter
from svc_polls.log.history import PollHistory
from svc_polls.log.poll_topic import PollTopic
from svc_polls.log.vote_ends import VoteEnds
from svc_polls.log.writer import (
    Append,
    ConditionFailedError,
    NotSentError,
    PollLogWriter,
    UnknownFateError,
)
from svc_polls.settings import PollsSettings
from voting.domain.vote import TEXT_MAX
from voting.ledger.errors import EndsUnknownError
from voting.ledger.poll_log_reader import PollLogReader
from voting.polls.definition import ENTRIES_MAX, Entry, PollDefinition, clean_definition
from voting.polls.event import Close, Define, Open
from voting.polls.known_polls import KnownPolls
from voting.service.clock_watch import now_ms
from voting.testing.polls import DEFINITION, POLL, with_changes

pytest_plugins = ["harness.testing.fixtures"]

_NUMBERS: Final = itertools.count()


@pytest.fixture
def settings(kafka: KafkaServer) -> PollsSettings:
    polls, votes = f"polls-{next(_NUMBERS)}", f"votes-{next(_NUMBERS)}"
    kafka.create_topics({polls: 1, votes: 3})
    return PollsSettings(
        kafka_bootstrap_servers=kafka.address, kafka_polls_topic=polls, kafka_topic=votes
    )


class Instance:
    """What an instance of svc_polls has: a book, its reader, and a writer."""

    def __init__(self, settings: PollsSettings) -> None:
        self.known = KnownPolls()
        self.history = PollHistory()
        self.reader = PollLogReader(settings, self.known, self.history.note)
        topic = PollTopic(settings)
        self.writer = PollLogWriter(
            topic, self.known, self.history, lambda: self.reader.halted, now_ms
        )


@asynccontextmanager
async def instance(settings: PollsSettings) -> AsyncIterator[Instance]:
    found = Instance(settings)
    found.reader.start()
    try:
        await until(lambda: found.known.is_fresh(now_ms()), "the first proof")
        yield found
    finally:
        await found.reader.stop()


async def test_two_writers_at_once_lose_nothing_and_count_on(settings: PollsSettings) -> None:
    async with AsyncExitStack() as stack:
        ana, ben = [await stack.enter_async_context(instance(settings)) for _ in range(2)]

        async def define(writer: PollLogWriter, poll: str) -> int:
            return (await writer.write("ana", poll, Define(DEFINITION), 0)).event.number

        for first in range(1, 30, 2):
            numbers = await asyncio.gather(
                define(ana.writer, f"a-{first}"), define(ben.writer, f"b-{first}")
            )
            assert sorted(numbers) == [first, first + 1]
        await until(lambda: ana.known.book.number == ben.known.book.number == 30)
        assert ana.known.book.polls == ben.known.book.polls
        assert ana.known.book.last_hash == ben.known.book.last_hash
        assert ana.reader.halted is None


async def test_of_two_who_change_one_poll_one_is_refused(settings: PollsSettings) -> None:
    async with AsyncExitStack() as stack:
        ana, ben = [await stack.enter_async_context(instance(settings)) for _ in range(2)]
        await ana.writer.write("ana", POLL, Define(DEFINITION), 0)
        await until(lambda: ben.known.book.number == 1)
        results = await asyncio.gather(
            ana.writer.write("ana", POLL, Define(with_changes(rank_max=5)), 1),
            ben.writer.write("ben", POLL, Define(with_changes(rank_max=6)), 1),
            return_exceptions=True,
        )
        refused = [one for one in results if isinstance(one, ConditionFailedError)]
        assert [one.event for one in refused] == [2]
        await until(lambda: ana.known.book.number == ben.known.book.number == 2)
        assert ana.known.book.polls == ben.known.book.polls


async def test_the_largest_definition_fits_into_a_record(settings: PollsSettings) -> None:
    long = "🎵" * (TEXT_MAX - 6)
    definition: PollDefinition = clean_definition(
        with_changes(
            entries=tuple(
                Entry(f"{n:064}", f"{long}{n:06}", f"{long}{n:06}", 2000)
                for n in range(ENTRIES_MAX)
            )
        )
    )
    async with instance(settings) as found:
        recorded = await found.writer.write("ana", POLL, Define(definition), 0)
        assert recorded.refusal is None
        assert found.known.book.polls[POLL].definition == definition


async def test_without_kafka_nothing_is_written_and_the_wait_is_bounded() -> None:
    nobody = f"127.0.0.1:{free_port()}"
    settings = PollsSettings(kafka_bootstrap_servers=nobody)
    with pytest.raises(NotSentError):
        async with PollTopic(settings).connected():
            raise AssertionError("connected")
    with pytest.raises(EndsUnknownError):
        await VoteEnds(settings).read()


async def test_a_missing_topic_is_named(kafka: KafkaServer) -> None:
    settings = PollsSettings(
        kafka_bootstrap_servers=kafka.address, kafka_topic="none", kafka_polls_topic="none"
    )
    with pytest.raises(EndsUnknownError, match="topic none does not exist"):
        await VoteEnds(settings).read()
    with pytest.raises(NotSentError, match="topic none does not exist"):
        async with PollTopic(settings).connected():
            raise AssertionError("connected")


async def test_the_ends_lie_behind_all_that_was_acknowledged(
    kafka: KafkaServer, settings: PollsSettings
) -> None:
    assert await VoteEnds(settings).read() == (0, 0, 0)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.address, acks="all")
    await producer.start()
    try:
        for partition in (0, 2, 2):
            await producer.send_and_wait(settings.kafka_topic, b"a vote", partition=partition)
        assert await VoteEnds(settings).read() == (1, 0, 2)
    finally:
        await producer.stop()


async def test_two_instances_cut_a_poll_once(kafka: KafkaServer, settings: PollsSettings) -> None:
    async with AsyncExitStack() as stack:
        instances = [await stack.enter_async_context(instance(settings)) for _ in range(2)]
        first = instances[0]
        for change in (Define(with_changes(answer_within_ms=1_000)), Open(), Close(None)):
            await first.writer.write("ana", POLL, change)
        producer = AIOKafkaProducer(bootstrap_servers=kafka.address, acks="all")
        await producer.start()
        cutters = [Cutter(one.known, VoteEnds(settings), one.writer, now_ms) for one in instances]
        tasks = [asyncio.create_task(cutter.run()) for cutter in cutters]
        try:
            await producer.send_and_wait(settings.kafka_topic, b"a vote", partition=1)
            await until(lambda: all(one.known.book.polls[POLL].cut for one in instances))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await producer.stop()
        poll = first.known.book.polls[POLL]
        assert poll.cut == (0, 1, 0)
        [cut] = first.history.of(POLL, 3, 9)
        assert poll.settled_at_ms is not None
        assert poll.settled_at_ms <= cut.appended_at_ms


async def test_a_paused_kafka_leaves_the_fate_of_a_change_unknown_until_it_is_read(
    kafka: KafkaServer, settings: PollsSettings
) -> None:
    settings = PollsSettings(
        kafka_bootstrap_servers=kafka.address,
        kafka_polls_topic=settings.kafka_polls_topic,
        ack_timeout_seconds=0.3,
    )
    async with instance(settings) as found:
        topic = _PausesKafka(PollTopic(settings), kafka)
        halted: Callable[[], str | None] = lambda: None  # noqa: E731 - a value with a type
        writer = PollLogWriter(topic, found.known, found.history, halted, now_ms, 0.3)
        try:
            with pytest.raises(UnknownFateError):
                await writer.write("ana", POLL, Define(DEFINITION), 0)
        finally:
            kafka.resume()
        await until(lambda: found.known.is_fresh(now_ms()), "a proof")
        assert found.known.book.number in {0, 1}
        recorded = await found.writer.write("ana", "after", Define(DEFINITION), 0)
        assert recorded.refusal is None
        assert found.reader.halted is None


class _PausesKafka:
    """A topic whose broker stops before it gets the record."""

    def __init__(self, topic: PollTopic, kafka: KafkaServer) -> None:
        self._topic = topic
        self._kafka = kafka

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Append]:
        async with self._topic.connected() as append:
            self._kafka.pause()
            yield append
