"""Schedules are reproducible and leave no fault out."""

from random import Random

from chaos.faults.schedule import FAULTS, schedule


def test_the_same_seed_gives_the_same_schedule() -> None:
    assert schedule(Random(7), 100) == schedule(Random(7), 100)
    assert schedule(Random(7), 100) != schedule(Random(8), 100)


def test_every_fault_comes_once_before_any_comes_again() -> None:
    chosen = schedule(Random(1), 2 * len(FAULTS))
    assert len(chosen) == 2 * len(FAULTS)
    assert {fault.name for fault in chosen[: len(FAULTS)]} == set(FAULTS)


def test_every_fault_has_a_description() -> None:
    assert all(name == fault.name and fault.what for name, fault in FAULTS.items())
