from pathlib import Path

import msgspec
import pytest

from loadtest.command.read_options import read_options
from loadtest.model.candidate import Candidate
from loadtest.model.findings import PhaseReport
from loadtest.model.phase import Phase
from loadtest.plan.phases import planned_phases
from loadtest.plan.sweep import SweepPlan
from loadtest.testing.examples import accepted, phase_of

LIMITS = {Candidate.GRPC: 2000.0, Candidate.HTTP: 9999.0}
OPTIONS = ("--rounds", "1", "--sweep", "100,2000,8000")


def measured(phase: Phase, folder: Path, *, unsent: int = 0, cpu: float = 0.2) -> PhaseReport:
    assert phase.forced is not None
    samples = [accepted(n, phase.forced.route) for n in range(99)]
    return phase_of(samples, folder, phase.forced, unsent=unsent, cpu_seconds=cpu)


@pytest.fixture
def plan(tmp_path: Path) -> SweepPlan:
    return SweepPlan(planned_phases(read_options(OPTIONS), tmp_path))


def test_a_candidate_that_fails_twice_at_a_rate_leaves_the_sweep(
    plan: SweepPlan, tmp_path: Path
) -> None:
    ran = []
    for phase in plan.phases():
        ran.append(phase.name)
        assert phase.forced is not None
        unsent = 50 if phase.rate > LIMITS[phase.forced] else 0
        plan.note(phase, measured(phase, tmp_path, unsent=unsent))
    assert ran[-4:] == ["gRPC 8,000/s 1", "HTTP 8,000/s 1", "HTTP 8,000/s 2", "gRPC 8,000/s 2"]
    (end,) = plan.unreached
    assert (end.candidate, end.rate) == (Candidate.GRPC, 8000.0)
    assert (end.saturated, end.late) == (False, False)
    assert end.accepted_share == 99 / 149


def test_after_the_last_candidate_has_left_no_phase_is_run(plan: SweepPlan, tmp_path: Path) -> None:
    ran = 0
    for phase in plan.phases():
        ran += 1
        plan.note(phase, measured(phase, tmp_path, unsent=50))
    assert ran == 4  # each candidate twice, at the first rate
    assert {end.rate for end in plan.unreached} == {100.0}


@pytest.mark.parametrize(("unsent", "stays"), [(1, True), (2, False)])
def test_99_of_100_votes_due_must_be_accepted(
    plan: SweepPlan, tmp_path: Path, unsent: int, *, stays: bool
) -> None:
    for phase in plan.phases():
        plan.note(phase, measured(phase, tmp_path, unsent=unsent))
    assert (plan.unreached == []) is stays


def test_one_failure_alone_is_a_busy_moment(plan: SweepPlan, tmp_path: Path) -> None:
    for phase in plan.phases():
        is_first = phase.name.endswith(" 1")
        plan.note(phase, measured(phase, tmp_path, unsent=50 if is_first else 0))
    assert plan.unreached == []


def test_a_saturated_generator_ends_the_sweep_and_is_named(plan: SweepPlan, tmp_path: Path) -> None:
    for phase in plan.phases():
        plan.note(phase, measured(phase, tmp_path, cpu=0.95 if phase.rate > 100 else 0.5))
    assert [(end.rate, end.saturated, end.late) for end in plan.unreached] == [
        (2000.0, True, True)
    ] * 2


def test_a_late_generator_with_time_left_ends_nothing(plan: SweepPlan, tmp_path: Path) -> None:
    for phase in plan.phases():
        found = measured(phase, tmp_path)
        late = msgspec.structs.replace(found.generator, limited=True, lag_p99=80.0)
        plan.note(phase, msgspec.structs.replace(found, generator=late))
    assert plan.unreached == []
