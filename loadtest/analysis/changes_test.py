from pathlib import Path
from random import Random

import msgspec
import pytest

from loadtest.analysis.changes import change, changes_since, holm
from loadtest.model.between_runs import EXCESS, FALSE_ALARMS
from loadtest.model.candidate import Candidate
from loadtest.model.estimate import Estimate, estimate
from loadtest.model.report import Report
from loadtest.model.side_by_side import FIGURES, Change
from loadtest.render.markdown import to_markdown
from loadtest.testing.examples import accepted, new_report, phase_of, with_cpu
from voting.domain.vote import Route

COST = "CPU per vote, µs"


def measured(*values: float) -> Estimate:
    found = estimate(values)
    assert found is not None
    return found


def compared(old: Estimate, new: Estimate, excess: float = 1.0) -> Change | None:
    return change(COST, "HTTP", old, new, excess=excess)


@pytest.mark.parametrize("excess", [1.0, 2.0])
def test_runs_of_the_same_code_differ_within_noise_19_times_in_20(excess: float) -> None:
    random = Random(1)
    own = 0.2 / 2  # the standard error of four phases
    moment = own * (excess**2 - 1) ** 0.5  # what the phases of a run have in common

    def run() -> Estimate:
        shift = random.gauss(0, moment)
        return measured(*(random.lognormvariate(2 + shift, 0.2) for _ in range(4)))

    found = [row for _ in range(2000) if (row := compared(run(), run(), excess))]
    within = sum(not row.factor.excludes(1.0) for row in found) / len(found)
    assert 0.93 < within < 0.98  # degrees of freedom are rounded down
    assert sum(row.p >= FALSE_ALARMS for row in found) == pytest.approx(2000 * within, abs=1)


def test_what_was_measured_once_cannot_be_compared() -> None:
    assert compared(measured(5.0), measured(4.0, 5.0)) is None


def test_figures_without_spread_can_be_compared() -> None:
    found = compared(Estimate(3.0, 3.0, 3.0, 4), Estimate(6.0, 6.0, 6.0, 2))
    assert found is not None
    assert (found.factor, found.p) == (Estimate(2.0, 2.0, 2.0, 2), 0.0)


def test_each_p_is_corrected_for_the_number_of_figures() -> None:
    assert holm([]) == []
    assert holm([0.04]) == [0.04]
    # The smallest of three counts three times, the next twice; none falls below one before it.
    assert holm([0.03, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_at_most_one_report_in_twenty_has_a_false_alarm_among_many_figures() -> None:
    random = Random(1)

    def run() -> list[Estimate]:
        return [measured(*(random.lognormvariate(2, 0.2) for _ in range(8))) for _ in range(23)]

    def alarm() -> bool:
        found = [compared(old, new) for old, new in zip(run(), run(), strict=True)]
        return min(holm([row.p for row in found if row])) < FALSE_ALARMS

    assert sum(alarm() for _ in range(200)) <= 15  # 10 expected


def test_every_figure_has_its_excess_between_runs() -> None:
    assert list(EXCESS) == [title for title, _, _ in FIGURES]


def report(folder: Path, *us: float) -> Report:
    """Return a report with these costs of a vote via HTTP, one for each phase."""
    http = phase_of([accepted(n, Route.HTTP) for n in range(1000)], folder, Candidate.HTTP)
    return new_report([with_cpu(http, svc_http_route=cost) for cost in us], None)


def test_only_a_difference_beyond_noise_is_a_change(tmp_path: Path) -> None:
    old, new = report(tmp_path, 100, 104, 98, 102), report(tmp_path, 250, 255, 248, 252)
    changes = {c.figure: c for c in changes_since(old, new).changes}
    cost = changes[COST]
    assert cost.changed
    assert cost.of == "HTTP"
    assert cost.factor.value == pytest.approx(2.5, abs=0.05)
    assert not changes["p50, ms"].changed


def test_a_figure_that_only_one_report_has_is_named(tmp_path: Path) -> None:
    old, new = report(tmp_path, 100, 104), report(tmp_path, 250)
    uncompared = changes_since(old, new).uncompared
    assert f"{COST}, HTTP: only measured once, so there is no spread" in uncompared
    none = msgspec.structs.replace(
        new, side_by_side=msgspec.structs.replace(new.side_by_side, routes={})
    )
    assert f"{COST}, HTTP: only measured in the old report" in changes_since(old, none).uncompared
    assert f"{COST}, HTTP: only measured in the new report" in changes_since(none, old).uncompared


def test_a_candidate_of_one_report_alone_is_a_different_setup_and_no_row(tmp_path: Path) -> None:
    old = report(tmp_path, 100, 104)
    setup = msgspec.structs.replace(old.setup, candidates=tuple(Candidate))
    found = changes_since(old, msgspec.structs.replace(old, setup=setup))
    assert found.unlike == ["candidates: was grpc, http, is grpc, http, grpc-unary"]
    assert {row.of for row in found.changes} == {"HTTP"}
    assert not any("unary" in text for text in found.uncompared)


def test_the_markdown_has_verdict_figures_and_changes(tmp_path: Path) -> None:
    old, new = report(tmp_path, 100, 104, 98, 102), report(tmp_path, 250, 255, 248, 252)
    lines = to_markdown(msgspec.structs.replace(new, changes=changes_since(old, new))).splitlines()
    assert lines[0] == "### ✅ Votes via gRPC and HTTP: Passed"
    assert any(line.startswith("| CPU per vote, µs | 251 (24") for line in lines)
    changed = next(line for line in lines if line.startswith("| CPU per vote, µs | HTTP"))
    assert "| **changed, p " in changed
    tables = [line for line in lines if line.startswith("|")]
    assert {line.count(" | ") for line in tables} == {1, 5}
    assert any("(Holm)" in line and "runs of the same code" in line for line in lines)
