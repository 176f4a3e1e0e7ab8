"""What a sweep says: where two candidates differ, where they cross, where nothing is shown."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from loadtest.analysis.sweep_findings import sweep_findings, sweep_of, sweep_warnings
from loadtest.model.candidate import Candidate
from loadtest.model.findings import PhaseReport
from loadtest.model.report import Report, from_json, to_json
from loadtest.model.sweep_result import Sweep, Unreached
from loadtest.render.markdown import to_markdown
from loadtest.render.page import to_html
from loadtest.render.results_table import print_result
from loadtest.testing.examples import accepted, new_report, phase_of, with_cpu

RATES = (100.0, 400.0, 2000.0)
GRPC, HTTP, UNARY = Candidate.GRPC, Candidate.HTTP, Candidate.GRPC_UNARY
COSTS = {  # µs per vote at each rate
    GRPC: (1000.0, 500.0, 100.0),
    HTTP: (500.0, 500.0, 200.0),
    UNARY: (1000.0, 750.0, 400.0),
}
END = Unreached(GRPC, 2000.0, 0.6, saturated=False, late=False)
NOISE = (1.0, 1.02, 0.98, 1.01)  # of a candidate's phases, in another order for each


def phase(one: Candidate, rate: float, us: float, folder: Path) -> PhaseReport:
    measured = phase_of([accepted(n, one.route) for n in range(200)], folder, one)
    own = {
        HTTP: {"svc_http_route": us},
        GRPC: {"svc_grpc_client": us / 2, "svc_grpc_server": us / 2},
        UNARY: {"svc_grpc_unary": us / 2, "svc_grpc_server": us / 2},
    }
    return msgspec.structs.replace(with_cpu(measured, **own[one]), rate=rate)


def phases(folder: Path, *candidates: Candidate) -> list[PhaseReport]:
    return [
        phase(one, rate, COSTS[one][number] * NOISE[(turn + place) % 4], folder)
        for number, rate in enumerate(RATES)
        for turn in range(4)
        for place, one in enumerate(candidates)
    ]


def swept(folder: Path, *candidates: Candidate, unreached: Sequence[Unreached] = ()) -> Sweep:
    return sweep_of(phases(folder, *candidates), RATES, unreached)


def test_a_crossing_lies_between_the_rates_where_differences_are_shown(tmp_path: Path) -> None:
    cost, median, slowest = sweep_findings(swept(tmp_path, GRPC, HTTP))
    assert cost == (
        "Processor time per vote: the gRPC route uses more than the HTTP route at 100/s (2.00"
        " times); the gRPC route uses less than the HTTP route at 2,000/s (0.50 times); at 400/s no"
        " difference is shown; they cross between 100/s and 2,000/s."
    )
    assert median.startswith("Median latency: at 100/s, 400/s and 2,000/s no difference between")
    assert slowest.endswith("the gRPC and the HTTP route is shown; no crossing is shown.")


def test_three_candidates_are_compared_in_pairs(tmp_path: Path) -> None:
    found = swept(tmp_path, GRPC, HTTP, UNARY)
    costs = [text for text in sweep_findings(found) if text.startswith("Processor")]
    assert len(costs) == 3
    assert costs[1] == (
        "Processor time per vote: the unary gRPC route uses more than the gRPC route at 400/s and"
        " 2,000/s (1.50 times, 4.00 times); at 100/s no difference is shown; no crossing is shown."
    )
    server = found.points[0].side_by_side.processes["svc_grpc_server"]
    assert server.owners == [GRPC, UNARY]
    assert server.us_per_vote.keys() == {GRPC, UNARY}


def test_where_the_generator_was_late_nothing_is_said_about_latency(tmp_path: Path) -> None:
    measured = phases(tmp_path, GRPC, HTTP)
    late = msgspec.structs.replace(measured[0].generator, limited=True)
    measured[0] = msgspec.structs.replace(measured[0], generator=late)
    found = sweep_of(measured, RATES, ())
    cost, median, _ = sweep_findings(found)
    assert "at 100/s (2.00 times)" in cost
    assert median.startswith("Median latency: at 400/s and 2,000/s no difference")
    assert list(sweep_warnings(found)) == [
        "Nothing is said about latency at 100/s: the load generator was late."
    ]


@pytest.mark.parametrize(
    ("limit", "why"),
    [
        ({}, "at most 60.0 % of the votes due were accepted"),
        (
            {"late": True},
            "at most 60.0 % of the votes due were accepted, and the load generator was late: the"
            " machine is busy",
        ),
        (
            {"saturated": True, "late": True},
            "the load generator was saturated: try --processes, or another machine",
        ),
    ],
)
def test_a_rate_that_was_not_reached_is_in_a_sentence_and_in_no_figure(
    tmp_path: Path, limit: dict[str, bool], why: str
) -> None:
    end = msgspec.structs.replace(END, **limit)
    found = swept(tmp_path, GRPC, HTTP, unreached=[end])
    assert found.points[2].side_by_side.routes.keys() == {HTTP}
    assert not any("2,000/s" in text for text in sweep_findings(found))
    (warning,) = sweep_warnings(found)
    assert warning == f"The gRPC route did not reach 2,000/s ({why}), so its sweep ended there."


def report(folder: Path, *candidates: Candidate) -> Report:
    """Return the report of a sweep in which the gRPC route did not reach the highest rate."""
    sweep = swept(folder, *candidates, unreached=[END])
    base = new_report([], None)
    setup = msgspec.structs.replace(base.setup, candidates=candidates, sweep=RATES, rate=None)
    measured = phases(folder, *candidates)
    return msgspec.structs.replace(base, setup=setup, sweep=sweep, phases=measured)


@pytest.mark.parametrize(
    ("candidates", "names"),
    [
        ((GRPC, HTTP), "gRPC and HTTP"),
        ((GRPC, UNARY), "gRPC and unary gRPC"),
        ((GRPC, HTTP, UNARY), "gRPC, HTTP and unary gRPC"),
    ],
)
def test_every_rate_is_in_the_page_the_terminal_and_in_markdown(
    tmp_path: Path, candidates: tuple[Candidate, ...], names: str
) -> None:
    made = report(tmp_path, *candidates)
    assert from_json(to_json(made)) == made
    page, console = to_html(made), Console(record=True, width=80)
    print_result(console, made)
    terminal, markdown = console.export_text(), to_markdown(made)
    for text in (page, terminal, markdown):
        assert "2,000/s" in text
        assert "—" in text  # the gRPC route at the rate that it did not reach
    assert page.count("over the rate</h2>") == 3
    assert page.count('class="range grpc"') == 2 * 3  # an interval at each rate that it reached
    assert f"<h1>{names} routes compared</h1>" in page
    assert f" Votes via {names}: " in markdown
    assert "| CPU per vote, µs | gRPC |" in markdown
    assert "100/s, 400/s, 2,000/s, poisson" in markdown


def test_a_sweep_without_any_phase_has_a_page(tmp_path: Path) -> None:
    made = msgspec.structs.replace(report(tmp_path, GRPC, HTTP), sweep=Sweep([], []), phases=[])
    assert "over the rate</h2>" not in to_html(made)
