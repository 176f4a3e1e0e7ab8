import asyncio
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from svc_consumer.ledger.polls import Found, Polls

ZERO, ONE, TWO = (TopicPartition("votes", number) for number in range(3))


class OneRecord(NamedTuple):
    """A record; only its offset matters here."""

    offset: int


class FakeConsumer:
    """An aiokafka consumer of three partitions; `waiting` is what the next poll finds."""

    def __init__(self) -> None:
        self.waiting: dict[TopicPartition, list[OneRecord]] = {}
        self.ends: dict[TopicPartition, int] = {}
        self.held: set[TopicPartition] = set()
        self.asked = asyncio.Event()

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset({ZERO, ONE, TWO})

    def paused(self) -> set[TopicPartition]:
        return set(self.held)

    def pause(self, *partitions: TopicPartition) -> None:
        self.held.update(partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        self.held.difference_update(partitions)

    def highwater(self, partition: TopicPartition) -> int | None:
        return self.ends.get(partition)

    async def getmany(self, *, timeout_ms: int, max_records: int) -> object:
        self.asked.set()
        if not self.waiting and timeout_ms:
            await asyncio.Event().wait()
        found, self.waiting = self.waiting, {}
        return found


async def poll(polls: Polls, consumer: FakeConsumer) -> Found:
    return await polls.get(cast("AIOKafkaConsumer[Any, Any]", consumer), seconds=1)


async def test_nothing_is_fetched_after_a_poll_that_found_all_there_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    still = SimpleNamespace(monotonic=lambda: 100.0)
    monkeypatch.setattr("svc_consumer.ledger.polls.time", still)
    polls, consumer = Polls(), FakeConsumer()
    consumer.pause(TWO)  # its partition is not in step
    consumer.waiting, consumer.ends = {ZERO: [OneRecord(4)]}, {ZERO: 5}
    assert await poll(polls, consumer)
    assert (consumer.held, polls.more, polls.found) == ({ZERO, ONE, TWO}, set(), 1)
    assert await polls.gather()
    consumer.waiting = {ONE: [OneRecord(7)]}
    polls.leave_out(ZERO)  # its partition is not in step any more
    fetched = asyncio.create_task(poll(polls, consumer))
    await asyncio.sleep(0)
    assert consumer.held == {ZERO, TWO}
    assert await fetched


async def test_fetching_goes_on_while_more_records_are_waiting() -> None:
    polls, consumer = Polls(), FakeConsumer()
    consumer.waiting, consumer.ends = {ZERO: [OneRecord(4)], ONE: [OneRecord(0)]}, {ZERO: 6}
    await poll(polls, consumer)
    assert (consumer.held, polls.more) == (set(), {0})
    assert not await polls.gather()


async def test_what_was_waited_for_is_not_waited_for_again() -> None:
    polls, consumer = Polls(), FakeConsumer()
    consumer.waiting = {ZERO: [OneRecord(4)]}
    await poll(polls, consumer)
    polls.hurry()
    assert not await polls.gather()


async def test_a_new_assignment_is_not_resumed() -> None:
    polls, consumer = Polls(), FakeConsumer()
    consumer.waiting = {ZERO: [OneRecord(4)]}
    await poll(polls, consumer)
    polls.start_anew()
    consumer.waiting = {ZERO: [OneRecord(0)]}
    await poll(polls, consumer)
    assert consumer.held == {ZERO, ONE, TWO}


async def test_a_poll_ends_when_it_is_woken() -> None:
    polls, consumer = Polls(), FakeConsumer()
    polling = asyncio.create_task(poll(polls, consumer))
    await consumer.asked.wait()
    polls.wake()
    assert await polling == {}


async def test_a_poll_that_was_woken_before_does_not_wait() -> None:
    polls, consumer = Polls(), FakeConsumer()
    polls.wake()
    assert await poll(polls, consumer) == {}
    consumer.waiting = {ZERO: [OneRecord(4)]}
    assert await poll(polls, consumer)
