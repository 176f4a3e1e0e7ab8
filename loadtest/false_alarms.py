"""`./bazelw run //loadtest:false_alarms`: how often `--compare` errs by chance.

    ./bazelw run //loadtest:false_alarms -- --output aa -- --duration 20

runs the comparison repeatedly against an unchanged system, and compares each report with the
previous one. Reports already in the folder are used; missing ones are made, with the options after
the second `--`. Then each pair is compared again as if the gRPC route had become slower, to see
that a real change is found.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from loadtest.command.false_alarm_trial import FalseAlarmTrial, excesses, judge_runs
from loadtest.command.option_types import between, folder, whole_number
from loadtest.driver.phase_runner import driver_environment
from loadtest.model.between_runs import EXCESS, Excess
from loadtest.model.report import Report, from_json

_MAX_REPORTS: Final = 1000
_FAILED: Final = 1
_NOT_RUN: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trial; return 1 when more than one report in twenty has a false alarm.

    The process exits with 2 when a run cannot be made.
    """
    given = _parser().parse_args(arguments)
    # One more run than comparisons: the first has no predecessor.
    runs = [_run(given.output, number, given.options) for number in range(1, given.reports + 2)]
    trial = judge_runs(runs, given.slowdown)
    for line in _lines(trial, excesses(runs)):
        sys.stdout.write(f"{line}\n")
    return 0 if trial.quiet else _FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="false_alarms",
        description="Compare a system with itself repeatedly, and count how often something is"
        " reported as changed.",
    )
    add = parser.add_argument
    add(
        "--reports",
        type=whole_number(_MAX_REPORTS),
        default=20,
        metavar="N",
        help="number of reports to compare with the previous one (default: %(default)s)",
    )
    add(
        "--slowdown",
        type=between(0.01, 10),
        default=0.25,
        metavar="SHARE",
        help="how much slower the gRPC route is made, to check that it is detected (default:"
        " %(default)g)",
    )
    add(
        "--output",
        type=folder,
        required=True,
        metavar="DIR",
        help="folder for the reports; existing ones are reused",
    )
    add(
        "options",
        nargs="*",
        metavar="-- OPTION",
        help="options of the comparison, after another --",
    )
    return parser


def _run(output: Path, number: int, options: Sequence[str]) -> Report:
    """Return the report of one run; exit with 2 when it cannot be made."""
    place = output / f"{number:03}"
    file = place / "report.json"
    if not file.exists():
        command = ["-m", "loadtest.compare", *options, "--output", str(place)]
        run = subprocess.run([sys.executable, *command], check=False, env=driver_environment())
        if not file.exists() or run.returncode not in {0, 1}:
            sys.stderr.write(f"false_alarms: run {number} ended with status {run.returncode}\n")
            raise SystemExit(_NOT_RUN)
    return from_json(file.read_bytes())


def _lines(trial: FalseAlarmTrial, found: dict[str, Excess]) -> Sequence[str]:
    reports = len(trial.alarms)
    alone = sum(1 for number in trial.uncorrected if number)
    return [
        *(
            f"report {number}: {row.figure}, {row.of}: {row.factor.value:.2f} times, p {row.p:.3g}"
            for number, rows in enumerate(trial.alarms, 2)
            for row in rows
        ),
        "spread between runs, relative to that of their phases: route, ratio (values in use)",
        *(
            f"  {title}: {_times(excess)} ({_times(EXCESS[title])})"
            for title, excess in found.items()
        ),
        f"without either correction: {alone} of {reports} reports have a false"
        f" alarm, at most {max(trial.uncorrected)} of {trial.rows} figures in one",
        f"gRPC route {trial.slowdown:.0%} slower: detected in {trial.found} of {reports} reports",
        f"false alarms: {trial.false_alarms} of {reports} reports",
    ]


def _times(excess: Excess) -> str:
    return f"{excess.route:.1f}, {excess.ratio:.1f}"


if __name__ == "__main__":
    sys.exit(main())
