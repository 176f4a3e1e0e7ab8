"""The topic of rejected records with a real Kafka, where it is missing at first."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from harness.processes.waiting import until
from harness.servers.kafka_server import KafkaServer
from svc_consumer.errors import RejectedUnavailableError
from svc_consumer.ledger.records import Rejection
from svc_consumer.ledger.rejected import RejectedTopic
from svc_consumer.settings import ConsumerSettings
from svc_consumer.testing.fakes import FakeRecord

pytest_plugins = ["harness.testing.fixtures"]

_numbers = itertools.count()


class Trial:
    """A topic of its own, created late."""

    def __init__(self, kafka: KafkaServer) -> None:
        self._kafka = kafka
        self._name = f"late-{next(_numbers)}"
        self.topic = RejectedTopic(
            ConsumerSettings(kafka_bootstrap_servers=kafka.address, kafka_rejected_topic=self._name)
        )

    def make_topic(self) -> None:
        self._kafka.create_topics({self._name: 1})

    async def refuses(self, partition: int, *rejections: Rejection) -> float:
        """Check that these records cannot be written now; return how many seconds that took."""
        before = asyncio.get_running_loop().time()
        with pytest.raises(RejectedUnavailableError, match=f"topic {self._name}: "):
            await self.topic.write(partition, rejections)
        return asyncio.get_running_loop().time() - before

    async def writes(self, partition: int, *rejections: Rejection) -> None:
        """Return when these records are written."""

        async def is_written() -> bool:
            with suppress(RejectedUnavailableError):
                await self.topic.write(partition, rejections)
                return True
            return False

        await until(is_written, "these records are written")

    async def written(self) -> list[tuple[bytes | None, int]]:
        """Return the value and the partition of each record in the topic, in order."""
        async with AIOKafkaConsumer(bootstrap_servers=self._kafka.address) as consumer:
            partition = TopicPartition(self._name, 0)
            consumer.assign([partition])
            end = (await consumer.end_offsets([partition]))[partition]
            consumer.seek(partition, 0)
            async with asyncio.timeout(30):
                records = [await consumer.getone() for _ in range(end)]
        return [(r.value, int(dict(r.headers)["partition"])) for r in records]


@pytest.fixture
async def trial(kafka: KafkaServer) -> AsyncIterator[Trial]:
    trial = Trial(kafka)
    yield trial
    await trial.topic.stop()


def rejection(offset: int, value: bytes) -> Rejection:
    return Rejection(FakeRecord(offset, None, value), "value: is not a vote")


async def test_records_are_written_once_as_soon_as_the_topic_exists(trial: Trial) -> None:
    await trial.refuses(1, rejection(5, b"a"))
    trial.make_topic()
    await trial.writes(1, rejection(5, b"a"))
    await trial.writes(1, rejection(6, b"b"))
    assert await trial.written() == [(b"a", 1), (b"b", 1)]


async def test_partitions_do_not_wait_long_for_a_topic_that_cannot_be_written(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("svc_consumer.ledger.rejected._WRITE_SECONDS", 600)
    assert await trial.refuses(1, rejection(5, b"a")) < 30
    monkeypatch.setattr("svc_consumer.ledger.rejected._PATIENCE_SECONDS", 60)
    waits = [await trial.refuses(partition, rejection(0, b"a")) for partition in (1, 2, 3, 1, 2)]
    assert max(waits) < 30


async def test_records_that_arrive_during_a_write_are_written_too(trial: Trial) -> None:
    a, b, c = rejection(5, b"a"), rejection(6, b"b"), rejection(9, b"c")
    await trial.refuses(1, a)
    await trial.refuses(1, a, b)
    await trial.refuses(2, c)
    trial.make_topic()
    await trial.writes(1, a, b)
    await trial.writes(2, c)
    assert sorted(await trial.written()) == [(b"a", 1), (b"b", 1), (b"c", 2)]


async def test_another_record_at_the_same_offset_is_written_too(trial: Trial) -> None:
    await trial.refuses(1, rejection(5, b"a"))
    trial.make_topic()
    await trial.writes(1, rejection(5, b"another"))
    assert await trial.written() == [(b"a", 1), (b"another", 1)]


async def test_a_failed_attempt_is_reported_and_followed_by_another(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("svc_consumer.ledger.rejected._WRITE_SECONDS", 0.2)
        await trial.refuses(1, rejection(5, b"a"))
        await until(lambda: all(task.done() for task in trial.topic._writing.values()))
    trial.make_topic()
    await trial.writes(1, rejection(5, b"a"))
    assert await trial.written() == [(b"a", 1)]


async def test_it_stops_while_records_wait(trial: Trial) -> None:
    await trial.refuses(1, rejection(5, b"a"))
    await trial.refuses(2, rejection(5, b"a"))
    async with asyncio.timeout(10):
        await trial.topic.stop()
