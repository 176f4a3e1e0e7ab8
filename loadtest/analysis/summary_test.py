from pathlib import Path

import pytest

from loadtest.analysis.routes_compared import route_findings
from loadtest.model.candidate import BOTH_ROUTES, Candidate
from loadtest.model.findings import PhaseReport
from loadtest.model.side_by_side import SideBySide
from loadtest.render.compared_tables import side_by_side_table
from loadtest.testing.examples import accepted, new_report, phase_of, with_cpu
from voting.domain.vote import Route

GRPC = (200.0, 220.0, 210.0, 190.0)  # µs per vote of all the route's processes, phase by phase
HTTP = (100.0, 110.0, 100.0, 100.0)


def phase(one: Candidate, us: float, folder: Path) -> PhaseReport:
    measured = phase_of([accepted(n, one.route) for n in range(1000)], folder, one)
    if one is Candidate.GRPC:
        own = {"svc_grpc_client": us / 2, "svc_grpc_server": us / 2, "svc_http_route": 10.0}
    else:
        own = {"svc_http_route": us, "svc_grpc_client": 20.0, "svc_grpc_server": 20.0}
    return with_cpu(measured, **own, svc_consumer=30.0)


@pytest.fixture
def found(tmp_path: Path) -> SideBySide:
    phases = [phase(Candidate.GRPC, us, tmp_path) for us in GRPC]
    phases += [phase(Candidate.HTTP, us, tmp_path) for us in HTTP]
    return new_report(phases, None).side_by_side


def test_a_route_costs_what_the_processes_cost_that_only_it_uses(found: SideBySide) -> None:
    grpc = found.routes[Candidate.GRPC].cpu_us_per_vote
    http = found.routes[Candidate.HTTP].cpu_us_per_vote
    assert grpc is not None
    assert http is not None
    assert (grpc.value, http.value) == pytest.approx((204.7, 102.4), abs=0.1)


def test_the_ratio_is_of_neighbouring_phases(found: SideBySide) -> None:
    ratio = found.pairs[0].ratios.cpu_us_per_vote
    assert ratio is not None
    assert ratio.low is not None
    assert ratio.high is not None
    assert ratio.value == pytest.approx(2.0, abs=0.01)
    assert ratio.repeats == 4
    assert 1.8 < ratio.low < 2.0 < ratio.high < 2.2


def test_a_process_of_one_route_idles_while_the_other_has_the_votes(found: SideBySide) -> None:
    client, consumer = found.processes["svc_grpc_client"], found.processes["svc_consumer"]
    assert client.us_per_vote.keys() == {Candidate.GRPC}
    assert client.idle_cores == pytest.approx(0.01)  # 20 ms in 2 s
    assert consumer.us_per_vote.keys() == set(BOTH_ROUTES)
    assert consumer.idle_cores is None


def test_a_process_that_was_not_measured_leaves_the_cost_unknown(tmp_path: Path) -> None:
    whole, part = phase(Candidate.GRPC, 200, tmp_path), phase(Candidate.HTTP, 100, tmp_path)
    assert part.processes
    assert whole.processes
    del whole.processes["svc_grpc_server"]
    found = new_report([whole, part], None).side_by_side
    assert found.pairs[0].ratios.cpu_us_per_vote is None
    assert not any("processor time" in text for text in route_findings(found, 400.0, late=False))


def test_the_sentences_give_ratio_interval_and_both_figures(found: SideBySide) -> None:
    cost, rate, latency = route_findings(found, 400.0, late=False)
    assert cost.startswith(
        "The gRPC route uses 2.00 times the processor time of the HTTP route per accepted vote"
        " (95 % interval 1."
    )
    assert cost.endswith(": 205 µs vs. 102 µs.")
    assert rate.startswith("These costs belong to 400/s: at another rate")
    assert "so no difference is shown" in latency
    assert list(route_findings(found, None, late=True)) == [cost]


def test_the_rows_have_a_dash_for_what_was_not_measured(tmp_path: Path) -> None:
    only = phase_of([accepted(n, Route.HTTP) for n in range(10)], tmp_path, Candidate.HTTP)
    table = side_by_side_table(new_report([only], None).side_by_side)
    rows = {row.title: row.values for row in table.rows}
    assert (table.candidates, table.pairs) == ([Candidate.HTTP], [])
    assert rows["accepted per second"] == ["10.0"]
    assert rows["CPU per vote, µs"] == ["—"]
    assert rows["p99, ms"] == ["—"]
