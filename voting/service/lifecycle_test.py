import asyncio
import logging

import pytest

from voting.service.lifecycle import Readiness, run_for_good, stop_event


def test_a_service_starts_not_ready() -> None:
    assert not Readiness().ready


def test_it_becomes_ready_and_has_a_reason_when_it_is_not() -> None:
    readiness = Readiness()
    readiness.set_ready()
    assert readiness.ready
    readiness.set_not_ready("Kafka is away")
    assert (readiness.ready, readiness.reason) == (False, "Kafka is away")


def test_a_draining_service_stays_not_ready() -> None:
    readiness = Readiness()
    readiness.drain()
    readiness.set_ready()
    assert readiness.reason == "draining"


async def test_a_change_wakes_its_waiters() -> None:
    readiness = Readiness()
    changed = readiness.changed()
    readiness.set_not_ready("starting")  # as before
    assert not changed.done()
    readiness.set_ready()
    assert changed.done()


async def test_a_service_ends_when_its_background_work_fails(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work() -> None:
        raise KeyError("unforeseen")

    stop = stop_event()
    task = run_for_good(work(), "the work")
    await asyncio.wait_for(stop.wait(), 10)
    assert task.done()
    [record] = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert record.getMessage() == "the work stopped unexpectedly; stopping the service"
    assert record.exc_info is not None


async def test_a_service_continues_when_its_work_is_cancelled() -> None:
    async def work() -> None:
        await asyncio.Event().wait()

    stop = stop_event()
    task = run_for_good(work(), "the work")
    task.cancel()
    await asyncio.wait([task])
    assert not stop.is_set()
