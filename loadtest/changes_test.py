from pathlib import Path
from random import Random

import msgspec
import pytest

from loadtest.changes import changes_since, factor
from loadtest.estimate import Estimate, estimate
from loadtest.examples import accepted, new_report, phase_of, with_cpu
from loadtest.markdown import to_markdown
from loadtest.report import Report
from voting.vote import Route


def measured(*values: float) -> Estimate:
    found = estimate(values)
    assert found is not None
    return found


def test_equal_runs_differ_19_times_of_20_within_noise() -> None:
    random = Random(1)

    def run() -> Estimate:
        return measured(*(random.lognormvariate(2, 0.2) for _ in range(4)))

    found = [factor(run(), run()) for _ in range(2000)]
    within = sum(one is not None and not one.excludes(1.0) for one in found)
    assert 0.94 < within / 2000 < 0.98  # degrees of freedom are rounded down


def test_what_was_measured_once_cannot_be_compared() -> None:
    assert factor(measured(5.0), measured(4.0, 5.0)) is None


def test_figures_without_spread_can_be_compared() -> None:
    found = factor(Estimate(6.0, 6.0, 6.0, 2), Estimate(3.0, 3.0, 3.0, 4))
    assert found == Estimate(2.0, 2.0, 2.0, 2)


def report(folder: Path, *us: float) -> Report:
    """Return a report in which a vote by HTTP cost so much, phase by phase."""
    http = phase_of([accepted(n, Route.HTTP) for n in range(1000)], folder, Route.HTTP)
    return new_report([with_cpu(http, svc_http_route=cost) for cost in us], None)


def test_a_change_beyond_noise_is_told_from_one_within(tmp_path: Path) -> None:
    old, new = report(tmp_path, 100, 104, 98, 102), report(tmp_path, 150, 155, 148, 152)
    changes = {c.figure: c for c in changes_since(old, new.setup, new.side_by_side).changes}
    cost = changes["CPU per vote, µs"]
    assert cost.changed
    assert cost.of == "HTTP"
    assert cost.factor.value == pytest.approx(1.5, abs=0.01)
    assert not changes["p50, ms"].changed


def test_another_load_is_named(tmp_path: Path) -> None:
    old = report(tmp_path, 100, 101)
    setup = msgspec.structs.replace(old.setup, rate=100.0)
    unlike = changes_since(old, setup, old.side_by_side).unlike
    assert unlike == ["rate: 400.0 then, 100.0 now"]


def test_the_markdown_has_verdict_figures_and_changes(tmp_path: Path) -> None:
    old, new = report(tmp_path, 100, 104, 98, 102), report(tmp_path, 150, 155, 148, 152)
    changes = changes_since(old, new.setup, new.side_by_side)
    lines = to_markdown(msgspec.structs.replace(new, changes=changes)).splitlines()
    assert lines[0] == "### ✅ Votes by gRPC and by HTTP: Passed"
    row = next(line for line in lines if line.startswith("| CPU per vote, µs | — |"))
    assert row.startswith("| CPU per vote, µs | — | 151 (14")
    changed = next(line for line in lines if line.startswith("| CPU per vote, µs | HTTP"))
    assert changed.endswith("| **changed** |")
    tables = [line for line in lines if line.startswith("|")]
    assert {line.count(" | ") for line in tables} == {3, 5}
