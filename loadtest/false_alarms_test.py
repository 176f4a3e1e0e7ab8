from collections.abc import Sequence
from pathlib import Path
from random import Random

import msgspec
import pytest

from loadtest.command.false_alarm_trial import excesses, judge_runs
from loadtest.false_alarms import main
from loadtest.model.candidate import Candidate
from loadtest.model.findings import PhaseReport
from loadtest.model.report import Report, to_json
from loadtest.model.side_by_side import FIGURES
from loadtest.testing.examples import accepted, new_report, phase_of, with_cpu
from voting.domain.vote import Route

BETWEEN, WITHIN = 0.03, 0.05  # standard deviations of logarithms


def simulated_runs(count: int, pairs: int, folder: Path) -> list[Report]:
    """Return runs of the same code, each with an offset of its own that its phases share."""
    random = Random(1)
    phases = {
        route: phase_of([accepted(n, route) for n in range(1000)], folder, Candidate(route))
        for route in Route
    }

    def phase(route: Route, us: float, offset: float) -> PhaseReport:
        cost = us * random.lognormvariate(offset, WITHIN)
        if route is Route.HTTP:
            return with_cpu(phases[route], svc_http_route=cost)
        return with_cpu(phases[route], svc_grpc_client=cost / 2, svc_grpc_server=cost / 2)

    def run() -> Report:
        offset = random.gauss(0, BETWEEN)
        both = [(Route.GRPC, 200.0), (Route.HTTP, 100.0)] * pairs
        return new_report([phase(route, us, offset) for route, us in both], None)

    return [run() for _ in range(count)]


@pytest.fixture
def runs(tmp_path: Path) -> list[Report]:
    return simulated_runs(41, 6, tmp_path)


def test_runs_of_the_same_code_raise_few_alarms_and_a_slowdown_is_found(
    runs: Sequence[Report],
) -> None:
    trial = judge_runs(runs, slowdown=0.5)
    assert len(trial.alarms) == 40
    assert trial.false_alarms <= 2
    assert trial.quiet
    assert trial.found >= 36


def test_a_quarter_slower_is_found_with_twelve_phases_and_narrow_intervals(tmp_path: Path) -> None:
    trial = judge_runs(simulated_runs(41, 12, tmp_path), slowdown=0.25)
    assert trial.quiet
    assert trial.found >= 38  # as docs/comparison.md says


def test_the_excess_is_how_much_more_runs_differ_than_their_phases_suggest(
    runs: Sequence[Report],
) -> None:
    found = excesses(runs)
    assert list(found) == [title for title, _, _ in FIGURES]
    cost = found["CPU per vote, µs"]
    error = WITHIN / 6**0.5  # of six phases
    assert cost.route == pytest.approx((BETWEEN**2 + error**2) ** 0.5 / error, rel=0.4)
    assert cost.ratio < cost.route - 0.3  # both routes have the run's offset: it cancels out


def test_the_command_uses_existing_reports(
    runs: Sequence[Report], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, run in enumerate(runs[:3], 1):
        place = tmp_path / f"{number:03}"
        place.mkdir()
        (place / "report.json").write_bytes(to_json(run))
    assert main(["--reports", "2", "--output", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert printed.endswith("false alarms: 0 of 2 reports\n")
    assert "gRPC route 25% slower: detected in " in printed


def test_a_run_that_cannot_be_made_ends_the_trial(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--output", str(tmp_path), "--", "--target", "http://127.0.0.1:1"])
    assert caught.value.code == 2
    errors = capfd.readouterr().err
    assert "cannot reach target http://127.0.0.1:1" in errors
    assert errors.endswith("false_alarms: run 1 ended with status 2\n")


def test_a_system_that_keeps_changing_fails_the_trial(runs: Sequence[Report]) -> None:
    slower = [run if number % 2 else _slower(run) for number, run in enumerate(runs)]
    assert not judge_runs(slower, slowdown=0.25).quiet


def _slower(run: Report) -> Report:
    phases = [
        msgspec.structs.replace(
            phase,
            processes={
                name: msgspec.structs.replace(use, cpu_seconds=3 * use.cpu_seconds)
                for name, use in (phase.processes or {}).items()
            },
        )
        for phase in run.phases
    ]
    return new_report(phases, None)
