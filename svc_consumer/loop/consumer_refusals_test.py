"""Stores that answer reads and refuse writes, as a replica or a full one does."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from harness.processes.waiting import until
from svc_consumer.testing.consumer_in_memory import InMemoryTrial

# What pauses of 0.15 to 0.3 s at first, each up to twice as long, leave room for.
TRIES = 5
LEAST_SECONDS = 0.15 + 0.3 + 0.6 + 1.2


def refuse_tally(trial: InMemoryTrial) -> None:
    """Redis is a replica, or full."""
    trial.tally.reads_only = True


def refuse_log(trial: InMemoryTrial) -> None:
    """MongoDB is not primary."""
    trial.log.refuses = {"claim", "documents", "fence", "indexes", "rewrite"}


def refuse_documents(trial: InMemoryTrial) -> None:
    """MongoDB has room for a position and none for votes."""
    trial.log.refuses = {"documents"}


def relent(trial: InMemoryTrial) -> None:
    """Take writes again."""
    trial.tally.reads_only, trial.log.refuses, trial.rejected.down = False, (), False


REFUSALS = pytest.mark.parametrize("refuse", [refuse_tally, refuse_log, refuse_documents])


def refused(trial: InMemoryTrial) -> int:
    return trial.tally.refused + trial.log.refused + trial.rejected.refused


async def tries_seldom(trial: InMemoryTrial) -> None:
    """Return when it was refused some times; fail when that was soon, or when it is ready."""
    began = asyncio.get_running_loop().time()
    await until(lambda: trial.readiness.ready or refused(trial) >= TRIES)
    assert not trial.readiness.ready
    assert asyncio.get_running_loop().time() - began > LEAST_SECONDS - 0.15


@contextmanager
def said(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """Collect what is logged for everybody meanwhile."""
    caplog.set_level("INFO")
    caplog.clear()
    lines: list[str] = []
    yield lines
    lines += [f"{record.name} {record.getMessage()}" for record in caplog.records]


@REFUSALS
async def test_it_tries_seldom_says_so_once_and_is_not_ready_until_a_write_worked(
    refuse: Callable[[InMemoryTrial], None], caplog: pytest.LogCaptureFixture
) -> None:
    trial = InMemoryTrial()
    trial.cast(1, 5)
    trial.ledger.give(1)
    async with trial.running():
        await until(lambda: trial.tally.votes == 5)
        await until(lambda: trial.readiness.ready)
        with said(caplog) as lines:
            refuse(trial)
            trial.cast(1, 5)
            await until(lambda: refused(trial))
            await until(lambda: not trial.readiness.ready)
            await tries_seldom(trial)
        assert [line for line in lines if "ready" in line] == lines[:1]
        assert len(lines) <= 2  # and where the partition goes on, once
        relent(trial)
        await until(lambda: trial.tally.votes == 10)
        await until(lambda: trial.readiness.ready)
    assert len(trial.log.votes) == 10


@pytest.mark.parametrize("refuse", [refuse_tally, refuse_log])
async def test_without_votes_it_is_not_ready_before_a_write_worked_either(
    refuse: Callable[[InMemoryTrial], None], caplog: pytest.LogCaptureFixture
) -> None:
    trial = InMemoryTrial()
    refuse(trial)
    trial.ledger.give(1, 2)
    async with trial.running():
        with said(caplog) as lines:
            await until(lambda: refused(trial) >= 4)
            assert not trial.readiness.ready
        assert len(lines) <= 3  # it starts: what it waits for at first, then for what and why
        relent(trial)
        await until(lambda: trial.readiness.ready)


async def test_what_one_partition_counts_does_not_hide_that_another_is_refused(
    caplog: pytest.LogCaptureFixture,
) -> None:
    trial = InMemoryTrial()
    trial.ledger.give(1, 2)
    async with trial.running():
        await until(lambda: trial.readiness.ready)
        trial.tally.refuses = {2}
        trial.cast(2, 1)
        with said(caplog) as lines:
            await until(lambda: not trial.readiness.ready)
            for votes in range(1, 50):
                trial.cast(1, 1)
                await until(lambda n=votes: trial.tally.votes == n)  # type: ignore[misc]
                assert not trial.readiness.ready
        assert len(lines) == 1
        trial.tally.refuses = ()
        await until(lambda: trial.readiness.ready)


async def test_rejected_records_that_cannot_be_written_are_tried_less_and_less(
    caplog: pytest.LogCaptureFixture,
) -> None:
    trial = InMemoryTrial()
    trial.ledger.give(1)
    async with trial.running():
        await until(lambda: trial.readiness.ready)
        with said(caplog) as lines:
            trial.block(1)
            await trial.cannot_reject()
            await tries_seldom(trial)
        assert len([line for line in lines if "ready" in line]) == 1
        relent(trial)
        await until(lambda: trial.readiness.ready)
    assert len(trial.rejected.written) == 1


async def test_the_others_do_not_wait_for_their_pauses_when_a_store_works_again() -> None:
    trial = InMemoryTrial()
    trial.ledger.give(*range(6))
    async with trial.running():
        await until(lambda: trial.readiness.ready)
        trial.tally.reads_only = True
        for partition in range(6):
            trial.cast(partition, 3)
        await until(lambda: refused(trial) >= 20)
        trial.tally.reads_only = False
        before = asyncio.get_running_loop().time()
        await until(lambda: trial.tally.votes == 18)
        assert asyncio.get_running_loop().time() - before < 2.5
