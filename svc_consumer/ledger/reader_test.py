import asyncio
from typing import cast

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError

from svc_consumer.ledger.reader import LedgerReader
from svc_consumer.settings import ConsumerSettings


class Leaving:
    """An aiokafka consumer that can only leave its group."""

    def __init__(self, *, broken: bool) -> None:
        self.leaving = asyncio.Event()
        self._broken = broken

    async def stop(self) -> None:
        self.leaving.set()
        if self._broken:
            raise asyncio.CancelledError
        await asyncio.Event().wait()


class Rebalanced:
    """An aiokafka consumer to which the group has just assigned one partition."""

    def __init__(self, topic: str, partition: int) -> None:
        self.calls: list[str] = []
        self._assigned = TopicPartition(topic, partition)

    def assignment(self) -> set[TopicPartition]:
        return {self._assigned}

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self._note(f"seek {offset}", partition)

    def resume(self, partition: TopicPartition) -> None:
        self._note("resume", partition)

    def pause(self, partition: TopicPartition) -> None:
        self._note("pause", partition)

    def _note(self, call: str, partition: TopicPartition) -> None:
        if partition != self._assigned:
            raise IllegalStateError(f"No current assignment for partition {partition}")
        self.calls.append(call)


def ledger_with(consumer: Leaving | Rebalanced) -> LedgerReader:
    ledger = LedgerReader(ConsumerSettings(), lambda: None)
    ledger._consumer = cast("AIOKafkaConsumer[bytes, bytes]", consumer)
    return ledger


async def test_it_stops_cleanly_when_aiokafka_does_not() -> None:
    await ledger_with(Leaving(broken=True)).stop()


async def test_its_own_cancellation_is_passed_on() -> None:
    consumer = Leaving(broken=False)
    task = asyncio.create_task(ledger_with(consumer).stop())
    await consumer.leaving.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_reassigned_partition_is_left_alone() -> None:
    """aiokafka has the new assignment before it calls the ledger's listener."""
    consumer = Rebalanced(ConsumerSettings().kafka_topic, 0)
    ledger = ledger_with(consumer)
    for partition in (1, 0):
        ledger.seek(partition, 7)
        ledger.pause(partition)
    assert consumer.calls == ["seek 7", "resume", "pause"]
