"""Stores that answer reads and refuse writes, as a replica or a full store does."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from harness.processes.waiting import until
from svc_consumer.loop.setbacks import Setbacks
from svc_consumer.testing.consumer_in_memory import InMemoryTrial

# Pauses double from 0.3 s on, less a jitter of up to half.
TRIES = 5
LEAST_SECONDS = 0.15 + 0.3 + 0.6 + 1.2


def refuse_tally(trial: InMemoryTrial) -> None:
    """Make Redis refuse all writes, as a replica or a full server does."""
    trial.tally.reads_only = True


def refuse_log(trial: InMemoryTrial) -> None:
    """Make MongoDB refuse all writes, as a secondary does."""
    trial.log.refuses = {"claim", "documents", "fence", "indexes", "rewrite"}


def refuse_documents(trial: InMemoryTrial) -> None:
    """Make MongoDB accept positions and refuse votes."""
    trial.log.refuses = {"documents"}


def accept_writes(trial: InMemoryTrial) -> None:
    """Let all stores accept writes again."""
    trial.tally.reads_only, trial.log.refuses, trial.rejected.down = False, (), False


REFUSALS = pytest.mark.parametrize("refuse", [refuse_tally, refuse_log, refuse_documents])


def refused(trial: InMemoryTrial) -> int:
    return trial.tally.refused + trial.log.refused + trial.rejected.refused


async def backs_off(trial: InMemoryTrial, began: float) -> None:
    """Wait for a number of refusals; fail if they come too fast or the consumer becomes ready."""
    await until(lambda: trial.readiness.ready or refused(trial) >= TRIES)
    assert not trial.readiness.ready
    assert asyncio.get_running_loop().time() - began > LEAST_SECONDS


@contextmanager
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """Collect what is logged at INFO and above while the context lasts."""
    caplog.set_level("INFO")
    caplog.clear()
    lines: list[str] = []
    yield lines
    lines += [f"{record.name} {record.getMessage()}" for record in caplog.records]


@REFUSALS
async def test_it_backs_off_logs_once_and_is_not_ready_until_a_write_succeeds(
    refuse: Callable[[InMemoryTrial], None], caplog: pytest.LogCaptureFixture
) -> None:
    trial = InMemoryTrial()
    trial.cast(1, 5)
    trial.ledger.give(1)
    async with trial.running():
        await until(lambda: trial.tally.votes == 5)
        await until(lambda: trial.readiness.ready)
        with logged(caplog) as lines:
            began = asyncio.get_running_loop().time()
            refuse(trial)
            trial.cast(1, 5)
            await until(lambda: refused(trial))
            await until(lambda: not trial.readiness.ready)
            await backs_off(trial, began)
        assert [line for line in lines if "ready" in line] == lines[:1]
        assert len(lines) <= 2  # plus one line with the offset that the partition resumes at
        accept_writes(trial)
        await until(lambda: trial.tally.votes == 10)
        await until(lambda: trial.readiness.ready)
    assert len(trial.log.votes) == 10


@pytest.mark.parametrize("refuse", [refuse_tally, refuse_log])
async def test_without_votes_it_is_not_ready_until_a_write_succeeds_either(
    refuse: Callable[[InMemoryTrial], None], caplog: pytest.LogCaptureFixture
) -> None:
    trial = InMemoryTrial()
    refuse(trial)
    trial.ledger.give(1, 2)
    async with trial.running():
        with logged(caplog) as lines:
            await until(lambda: refused(trial) >= 4)
            assert not trial.readiness.ready
        assert len(lines) <= 3  # starting; what it waits for; then also why
        accept_writes(trial)
        await until(lambda: trial.readiness.ready)


async def test_progress_of_one_partition_does_not_hide_the_refusals_of_another(
    caplog: pytest.LogCaptureFixture,
) -> None:
    trial = InMemoryTrial()
    trial.ledger.give(1, 2)
    async with trial.running():
        await until(lambda: trial.readiness.ready)
        trial.tally.refuses = {2}
        trial.cast(2, 1)
        with logged(caplog) as lines:
            await until(lambda: not trial.readiness.ready)
            for votes in range(1, 50):
                trial.cast(1, 1)
                await until(lambda n=votes: trial.tally.votes == n)  # type: ignore[misc]
                assert not trial.readiness.ready
        assert len(lines) == 1
        trial.tally.refuses = ()
        await until(lambda: trial.readiness.ready)


async def test_a_partition_that_a_store_refuses_does_not_keep_the_others_from_being_counted() -> (
    None
):
    trial = InMemoryTrial()
    trial.ledger.give(1, 2, 3)
    async with trial.running():
        await until(lambda: trial.readiness.ready)
        trial.tally.refuses = {2}
        for round_number in range(1, 10):
            for partition in (1, 2, 3):  # they arrive, and are taken in, together
                trial.cast(partition, 1)
            await until(lambda n=round_number: trial.tally.votes == 2 * n)  # type: ignore[misc]
        trial.tally.refuses = ()
        await until(lambda: trial.tally.votes == 27)


async def test_rejected_records_that_cannot_be_written_are_retried_with_growing_pauses(
    caplog: pytest.LogCaptureFixture,
) -> None:
    trial = InMemoryTrial()
    trial.ledger.give(1)
    async with trial.running():
        await until(lambda: trial.readiness.ready)
        with logged(caplog) as lines:
            began = asyncio.get_running_loop().time()
            trial.block(1)
            await trial.cannot_reject()
            await backs_off(trial, began)
        assert len([line for line in lines if "ready" in line]) == 1
        accept_writes(trial)
        await until(lambda: trial.readiness.ready)
    assert len(trial.rejected.written) == 1


async def test_when_a_store_recovers_the_other_partitions_do_not_wait_out_their_pauses() -> None:
    trial, now = InMemoryTrial(), 0.0
    setbacks = trial.assignment.setbacks = Setbacks(clock=lambda: now)
    trial.ledger.give(*range(6))

    def refused_often() -> bool:
        nonlocal now
        now += 1
        return refused(trial) >= 20

    async with trial.running():
        await until(lambda: trial.readiness.ready)
        trial.tally.reads_only = True
        for partition in range(6):
            trial.cast(partition, 3)
        await until(refused_often)
        await until(lambda: not any(map(setbacks.due, range(6))))
        trial.tally.reads_only = False
        now = min(setback.until for setback in setbacks._setbacks.values())
        await until(lambda: trial.tally.votes == 18)
