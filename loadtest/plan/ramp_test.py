from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from loadtest.analysis.ramp_findings import ramp_findings, ramp_warnings
from loadtest.analysis.verdict import judge
from loadtest.command.read_options import read_options
from loadtest.model.candidate import BOTH_ROUTES, Candidate
from loadtest.model.checks import Splits
from loadtest.model.findings import PhaseReport
from loadtest.model.phase import Phase
from loadtest.model.report import from_json, to_json
from loadtest.plan.ramp import RampPlan
from loadtest.render.markdown import to_markdown
from loadtest.render.page import to_html
from loadtest.render.results_table import print_result
from loadtest.testing.examples import accepted, new_report, phase_of
from voting.domain.vote import Route

LIMITS = {Candidate.GRPC: 700.0, Candidate.HTTP: 1500.0}


def slow_beyond(limit: float, phase: Phase, folder: Path, *, unsent: int = 0) -> PhaseReport:
    """Return the figures of a phase in which votes are slow beyond a rate."""
    route = phase.forced.route if phase.forced else Route.HTTP
    latency = 0.005 if phase.rate <= limit else 0.5
    samples = [accepted(n, route, latency=latency) for n in range(200)]
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
    assert order[:4] == [*BOTH_ROUTES, *reversed(BOTH_ROUTES)]
    assert phase.seconds == 2.0
    grpc, http = ramp_findings(found)
    assert grpc.startswith("The gRPC route sustains 6")
    assert "with 99 % of the votes answered within 100 ms" in grpc
    assert http.startswith("The HTTP route sustains 1,4")


def test_votes_that_were_never_sent_fail_a_rate(plan: RampPlan, tmp_path: Path) -> None:
    phase = next(plan.phases())
    plan.note(phase, slow_beyond(1e9, phase, tmp_path, unsent=10))
    assert [step.passed for step in plan.result().steps] == [False]


def test_a_route_that_never_passes_has_no_rate(plan: RampPlan, tmp_path: Path) -> None:
    for phase in plan.phases():
        plan.note(phase, slow_beyond(0.0, phase, tmp_path))
    found = plan.result()
    assert found.passed == {}
    assert "sustained no rate" in next(ramp_findings(found))


def test_the_generators_limit_is_not_the_routes(plan: RampPlan, tmp_path: Path) -> None:
    for phase in plan.phases():
        assert phase.forced is not None
        found = slow_beyond(LIMITS[phase.forced], phase, tmp_path)
        late = msgspec.structs.replace(
            found.generator, limited=phase.rate > LIMITS[Candidate.HTTP], lag_p99=50.0
        )
        plan.note(phase, msgspec.structs.replace(found, generator=late))
    ramp = plan.result()
    assert ramp.generator_limited == [Candidate.HTTP]
    (finding,) = ramp_findings(ramp)
    assert finding.startswith("The gRPC route sustains 6")
    (warning,) = ramp_warnings(ramp)
    assert warning.startswith("The HTTP route sustains at least 1,4")
    assert "; at 1,6" in warning
    assert " the load generator was the bottleneck" in warning
    verdict = judge(
        [], new_report([], None).side_by_side, Splits(None), None,
        ramp=ramp, interrupted=False, unmeasured=None,
    )  # fmt: skip
    assert verdict.findings == [finding]
    assert verdict.warnings[0] == warning
    report = msgspec.structs.replace(new_report([], None), ramp=ramp, verdict=verdict)
    page, console = to_html(report), Console(record=True, width=300)
    print_result(console, report)
    terminal = console.export_text()
    for shown in (page, terminal, to_markdown(report), to_json(report).decode()):
        assert "sustains at least 1,4" in shown
        assert "The HTTP route sustains 1,4" not in shown
    assert from_json(to_json(report)).ramp == ramp


def test_a_generator_that_is_late_at_every_rate_gives_no_finding(
    plan: RampPlan, tmp_path: Path
) -> None:
    for phase in plan.phases():
        found = slow_beyond(0.0, phase, tmp_path)
        late = msgspec.structs.replace(found.generator, limited=True)
        plan.note(phase, msgspec.structs.replace(found, generator=late))
    ramp = plan.result()
    assert list(ramp_findings(ramp)) == []
    assert all("highest rate is unknown" in text for text in ramp_warnings(ramp))
