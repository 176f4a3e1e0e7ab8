from pathlib import Path

import pytest

from loadtest.examples import accepted, phase_of
from loadtest.findings import PhaseReport
from loadtest.options import read_options
from loadtest.phase import Phase
from loadtest.ramp import RampPlan
from loadtest.ramp_words import ramp_findings
from voting.vote import Route

LIMITS = {Route.GRPC: 700.0, Route.HTTP: 1500.0}


def slow_beyond(limit: float, phase: Phase, folder: Path, *, unsent: int = 0) -> PhaseReport:
    """Return the figures of a phase in which votes are slow beyond a rate."""
    latency = 0.005 if phase.rate <= limit else 0.5
    samples = [accepted(n, phase.forced or Route.HTTP, latency=latency) for n in range(200)]
    return phase_of(samples, folder, phase.forced, unsent=unsent)


@pytest.fixture
def plan(tmp_path: Path) -> RampPlan:
    return RampPlan(read_options(["--rate", "400", "--duration", "12"]), 100.0, tmp_path)


def test_each_routes_limit_is_found_in_turns(plan: RampPlan, tmp_path: Path) -> None:
    order = []
    for phase in plan.phases():
        assert phase.forced is not None
        order.append(phase.forced)
        plan.note(phase, slow_beyond(LIMITS[phase.forced], phase, tmp_path))
    found = plan.result()
    for route, limit in LIMITS.items():
        assert found.passed[route] <= limit < found.failed[route] <= 1.12 * found.passed[route]
    assert order[:4] == [Route.GRPC, Route.HTTP, Route.HTTP, Route.GRPC]
    assert phase.seconds == 2.0
    grpc, http = ramp_findings(found)
    assert grpc.startswith("The gRPC route takes 6")
    assert "with 99 % of the votes answered within 100 ms" in grpc
    assert http.startswith("The HTTP route takes 1,4")


def test_votes_that_were_never_sent_fail_a_rate(plan: RampPlan, tmp_path: Path) -> None:
    phase = next(plan.phases())
    plan.note(phase, slow_beyond(1e9, phase, tmp_path, unsent=10))
    assert [step.passed for step in plan.result().steps] == [False]


def test_a_route_that_never_passes_has_no_rate(plan: RampPlan, tmp_path: Path) -> None:
    for phase in plan.phases():
        plan.note(phase, slow_beyond(0.0, phase, tmp_path))
    found = plan.result()
    assert found.passed == {}
    assert "at no rate" in next(ramp_findings(found))
