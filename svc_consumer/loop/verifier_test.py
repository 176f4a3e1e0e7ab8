import pytest

from svc_consumer.counting.partition import Partition
from svc_consumer.counting.projector import Projector
from svc_consumer.loop.assignment import Assignment
from svc_consumer.loop.verifier import Verifier
from svc_consumer.loop.waiting import Waiting
from svc_consumer.testing.fakes import PARTITION, PARTITIONS, FakeLog, FakeRejected, FakeTally
from voting.service.lifecycle import Readiness


class Trial:
    """A verifier with stores in memory and one partition in step with them."""

    def __init__(self) -> None:
        self.log, self.tally = FakeLog(), FakeTally()
        self.readiness = Readiness()
        self.assignment = Assignment()
        self.projector = Projector(self.log, self.tally, FakeRejected())
        waiting = Waiting(self.readiness, [])
        self.verifier = Verifier(self.log, self.tally, self.assignment, waiting, lambda: None)

    async def start(self) -> Partition:
        partition = await self.projector.sync(PARTITION, PARTITIONS)
        self.tally.stored[PARTITION] = partition.tally_position
        self.assignment.add(partition)
        return partition

    async def in_step(self) -> bool:
        """Verify; return whether the partition was kept."""
        await self.verifier.verify()
        return PARTITION in self.assignment.synced


async def test_a_partition_in_step_is_left_alone() -> None:
    trial = Trial()
    await trial.start()
    assert await trial.in_step()


async def test_a_lost_log_is_noticed() -> None:
    trial = Trial()
    await trial.start()
    trial.log.lose_everything()
    assert not await trial.in_step()


async def test_a_log_set_back_is_noticed() -> None:
    trial = Trial()
    partition = await trial.start()
    partition.log_position = "7:x"
    assert not await trial.in_step()


async def test_an_emptied_tally_is_noticed() -> None:
    trial = Trial()
    partition = await trial.start()
    partition.tally_position = "7:x"
    assert not await trial.in_step()


async def test_another_owner_is_noticed() -> None:
    trial = Trial()
    await trial.start()
    await trial.projector.sync(PARTITION, PARTITIONS)
    assert not await trial.in_step()


async def test_a_busy_partition_is_left_to_the_fences_of_the_stores() -> None:
    trial = Trial()
    (await trial.start()).busy = True
    trial.log.lose_everything()
    assert await trial.in_step()


@pytest.mark.parametrize("store", ["log", "tally"])
async def test_a_store_that_is_away_is_waited_for(store: str) -> None:
    trial = Trial()
    await trial.start()
    getattr(trial, store).down = True
    assert not await trial.in_step()
    assert not trial.readiness.ready
