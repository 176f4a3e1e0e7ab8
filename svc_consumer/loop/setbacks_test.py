import pytest

from svc_consumer.counting.partition import Partition
from svc_consumer.loop.setbacks import Setbacks
from svc_consumer.testing.fakes import PARTITIONS

LONGEST_SECONDS = 5.0


class Trial:
    """Setbacks with a clock that the test sets."""

    def __init__(self) -> None:
        self.now = 100.0
        self.setbacks = Setbacks(clock=lambda: self.now)

    def pause(self, number: int = 1) -> float:
        """Advance the clock until the partition is due; return how long that took."""
        began = self.now
        while not self.setbacks.due(number):
            self.now += 0.01
        return self.now - began


@pytest.fixture
def trial() -> Trial:
    return Trial()


def partition(at: str = "5:a", number: int = 1) -> Partition:
    return Partition(number, PARTITIONS, "owner", at, at)


def test_pauses_grow_while_a_partition_does_not_advance(trial: Trial) -> None:
    pauses = []
    for _ in range(10):
        trial.setbacks.note(1, "Redis", partition())
        pauses.append(trial.pause())
        trial.setbacks.settle(partition())  # synced again at the same place
    assert 0.1 < pauses[0] <= 0.32
    assert pauses[3] > pauses[0]
    assert LONGEST_SECONDS / 2 <= pauses[-1] <= LONGEST_SECONDS + 0.02


def test_pauses_start_over_when_the_partition_advances(trial: Trial) -> None:
    for _ in range(10):
        trial.setbacks.note(1, "Redis", partition())
    trial.setbacks.settle(partition("6:b"))
    assert 1 not in trial.setbacks
    trial.setbacks.note(1, "Redis", partition("6:b"))
    assert trial.pause() <= 0.32


def test_a_server_is_waited_for_until_the_records_that_it_refused_are_taken_in(
    trial: Trial,
) -> None:
    trial.setbacks.note(1, "Redis", partition())
    trial.setbacks.note(1, "Redis")  # then syncing failed, too
    trial.setbacks.settle(partition())
    assert trial.setbacks.waits_for("Redis")
    assert not trial.setbacks.waits_for("MongoDB")
    trial.setbacks.settle(partition("6:b"))
    assert not trial.setbacks.waits_for("Redis")


def test_a_partition_that_only_failed_to_sync_settles_once_synced(trial: Trial) -> None:
    trial.setbacks.note(1, "Redis")
    assert not trial.setbacks.due(1)
    trial.setbacks.settle(partition())
    assert trial.setbacks.due(1)
    assert not trial.setbacks.waits_for("Redis")


def test_when_one_partition_advances_the_others_of_its_server_are_due(trial: Trial) -> None:
    for number in (1, 2):
        trial.setbacks.note(number, "Redis", partition(number=number))
    trial.setbacks.note(3, "MongoDB", partition(number=3))
    trial.setbacks.settle(partition("6:b"))
    assert trial.setbacks.due(2)
    assert trial.setbacks.waits_for("Redis")
    assert not trial.setbacks.due(3)


def test_a_stale_partition_is_retried_at_once_and_then_after_pauses(trial: Trial) -> None:
    trial.setbacks.note_stale(partition())
    assert trial.setbacks.due(1)
    trial.setbacks.settle(partition())
    trial.setbacks.note_stale(partition())
    assert not trial.setbacks.due(1)
