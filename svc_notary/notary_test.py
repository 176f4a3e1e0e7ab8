import asyncio
import os
import re
import shutil
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from harness.processes.waiting import until
from svc_notary.notary import Notary
from svc_notary.testing.fake_ledger import FakeLedger
from svc_notary.testing.full_disk import full_after
from svc_notary.testing.records import KEY, FakeRecord, records, root_of, signed_checkpoint
from voting.service.lifecycle import Readiness


class Clock:
    """Goes on by a second each time it is asked, so that all is due soon."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


@asynccontextmanager
async def running(
    ledger: FakeLedger, folder: Path, checkpoint_seconds: float = 1.0
) -> AsyncIterator[Notary]:
    notary = Notary(ledger, folder, KEY, Readiness(), checkpoint_seconds, Clock())
    task = asyncio.create_task(notary.run())
    try:
        yield notary
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def signed(folder: Path, size: int, partition: int = 0) -> None:
    def reached() -> bool:
        part = folder / str(partition)
        return (part / "checkpoint").exists() and signed_checkpoint(part).size == size

    await until(reached)
    assert signed_checkpoint(folder / str(partition)).root == root_of(records(size))


async def halted(notary: Notary, partition: int = 0) -> str:
    def reason() -> str | None:
        tree = notary.trees.get(partition)
        return None if tree is None else tree.halted

    await until(reason)
    return reason() or ""


def test_every_partition_gets_its_checkpoints(tmp_path: Path) -> None:
    async def scenario() -> None:
        ledger = FakeLedger(records(700), records(3), [])
        async with running(ledger, tmp_path):
            await signed(tmp_path, 700, 0)
            await signed(tmp_path, 3, 1)
            await signed(tmp_path, 0, 2)
            ledger.records[2] = records(9)
            await signed(tmp_path, 9, 2)

    asyncio.run(scenario())


class GrowingLedger(FakeLedger):
    """Gets more records after its 30th poll."""

    async def poll(self, wait_seconds: float) -> Mapping[int, Sequence[FakeRecord]]:
        found = await super().poll(wait_seconds)
        if len(self.waits) == 30:
            self.records[0] = records(9)
        return found


def test_a_checkpoint_that_is_due_waits_for_no_records(tmp_path: Path) -> None:
    async def scenario() -> None:
        ledger = GrowingLedger(records(5))
        async with running(ledger, tmp_path, checkpoint_seconds=100.5):
            await signed(tmp_path, 9)
        assert ledger.waits[20:31] == [1.0] * 11
        assert min(ledger.waits[31:]) < 1.0

    asyncio.run(scenario())


def test_an_outage_of_kafka_is_waited_for(tmp_path: Path) -> None:
    async def scenario() -> None:
        ledger = FakeLedger(records(5))
        async with running(ledger, tmp_path):
            await signed(tmp_path, 5)
            ledger.away = "no broker"
            ledger.records[0] = records(8)
            await until(lambda: not ledger.paused)
            ledger.away = None
            await signed(tmp_path, 8)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("ledger", "reason"),
    [
        (records(30, kind="other"), "another than before"),
        (records(12), "(ends at offset 12, and had 20|no record at offset 19)"),
    ],
)
def test_a_ledger_that_was_replaced_is_not_signed_until_it_is_back(
    tmp_path: Path, ledger: list[object], reason: str
) -> None:
    async def scenario() -> None:
        fake = FakeLedger(records(20), records(5))
        async with running(fake, tmp_path):
            await signed(tmp_path, 20)
        fake.records[0] = ledger  # type: ignore[assignment]
        async with running(fake, tmp_path) as notary:
            assert re.search(reason, await halted(notary))
            fake.records[1] = records(9)
            await signed(tmp_path, 9, 1)
            await signed(tmp_path, 20)
            fake.records[0] = records(25)
            await signed(tmp_path, 25)
            assert notary.trees[0].halted is None

    asyncio.run(scenario())


def test_a_ledger_that_is_replaced_while_it_is_followed_is_noticed(tmp_path: Path) -> None:
    async def scenario() -> None:
        ledger = FakeLedger(records(20))
        async with running(ledger, tmp_path) as notary:
            await signed(tmp_path, 20)
            ledger.records[0] = records(30, kind="other")
            assert "another than" in await halted(notary)
            await signed(tmp_path, 20)
            ledger.records[0] = records(25)
            await signed(tmp_path, 25)

    asyncio.run(scenario())


def test_fewer_partitions_halt_the_trees_that_have_none(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(FakeLedger(records(2), records(2)), tmp_path):
            await signed(tmp_path, 2, 1)
        async with running(FakeLedger(records(3)), tmp_path) as notary:
            assert "1 partitions only" in await halted(notary, 1)
            await signed(tmp_path, 3)

    asyncio.run(scenario())


def test_a_lost_folder_is_made_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        ledger = FakeLedger(records(700))
        async with running(ledger, tmp_path):
            await signed(tmp_path, 700)
        shutil.rmtree(tmp_path / "0")
        async with running(ledger, tmp_path):
            await signed(tmp_path, 700)

    asyncio.run(scenario())


def test_a_full_disk_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        ledger = FakeLedger(records(5))
        async with running(ledger, tmp_path) as notary:
            await signed(tmp_path, 5)
            with full_after(0, monkeypatch):
                ledger.records[0] = records(9)
                await until(lambda: not notary.writable)
                assert signed_checkpoint(tmp_path / "0").size == 5
            await signed(tmp_path, 9)
            await until(lambda: notary.writable)

    asyncio.run(scenario())


def test_it_has_stopped_only_when_nothing_writes_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, may_end = threading.Event(), threading.Event()

    def fsync(_: int) -> None:
        writing.set()
        may_end.wait()

    async def scenario() -> None:
        monkeypatch.setattr(os, "fsync", fsync)
        notary = Notary(FakeLedger(records(5)), tmp_path, KEY, Readiness(), 1.0, Clock())
        task = asyncio.create_task(notary.run())
        await until(writing.is_set)
        task.cancel()
        for _ in range(10):
            await asyncio.sleep(0)
        assert not task.done()
        may_end.set()
        await asyncio.wait([task])
        assert signed_checkpoint(tmp_path / "0").size == 5

    asyncio.run(scenario())
