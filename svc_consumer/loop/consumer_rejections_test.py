"""What the consumer does with records that are not votes, and without a topic for them."""

import asyncio

import pytest

from harness.processes.waiting import until
from svc_consumer.errors import KAFKA
from svc_consumer.testing.consumer_in_memory import InMemoryTrial, halted
from svc_consumer.testing.fakes import FakeRecord, a_vote, records_of
from voting.domain.vote import new_vote_id


async def test_a_record_that_is_not_a_vote_does_not_block_its_partition() -> None:
    trial = InMemoryTrial()
    trial.ledger.records[1] = [FakeRecord(0, None, None)]
    trial.cast(1, 2)
    trial.ledger.give(1)
    async with trial.running():
        await until(lambda: trial.tally.votes == 2)
    assert [offset for _, offset, _ in trial.rejected.written] == [0]


async def test_a_failing_topic_of_rejected_records_is_waited_for_until_it_is_written() -> None:
    trial = InMemoryTrial()
    trial.block(1)
    trial.cast(1, 2)
    trial.ledger.give(1)
    async with trial.running():
        await trial.cannot_reject()
        refused = trial.rejected.refused
        trial.waiting.up(KAFKA)  # as the lag reporter does
        await until(lambda: trial.rejected.refused == refused + 2)
        await trial.cannot_reject()
        trial.rejected.down = False
        await until(lambda: trial.readiness.ready)
    assert [offset for _, offset, _ in trial.rejected.written] == [0]
    assert trial.tally.votes == 2


async def test_rejected_records_are_retried_after_a_pause() -> None:
    trial = InMemoryTrial()
    trial.block(1)
    trial.ledger.give(1)
    async with trial.running():
        await until(lambda: trial.rejected.refused == 1)
        before = asyncio.get_running_loop().time()
        await until(lambda: trial.rejected.refused == 3)
        assert asyncio.get_running_loop().time() - before > 0.3


async def test_a_partition_that_is_retried_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    trial = InMemoryTrial()
    trial.block(1)
    trial.ledger.give(1)
    async with trial.running():
        await until(lambda: trial.rejected.refused == 3)
    assert sum("partition 1: starting at offset" in message for message in caplog.messages) == 1


async def test_a_consumer_without_rejected_records_does_not_wait_for_their_topic() -> None:
    trial = InMemoryTrial()
    trial.block(1)
    trial.ledger.give(1)
    async with trial.running():
        await trial.cannot_reject()
        trial.ledger.give(2)
        await until(lambda: trial.readiness.ready)


async def test_a_halted_partition_does_not_wait_for_the_topic_of_rejected_records() -> None:
    trial = InMemoryTrial()
    trial.cast(1, 5)
    trial.ledger.give(1)
    async with trial.running():
        await until(lambda: trial.tally.votes == 5)
        trial.block(1)
        await trial.cannot_reject()
        trial.ledger.records[1] = records_of(*(a_vote(new_vote_id(1)) for _ in range(9)))
        await until(lambda: halted(1))
        await until(lambda: trial.readiness.ready)
