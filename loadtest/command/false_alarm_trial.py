"""How often runs of the same code are reported as changed, and how much they differ."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import fmean, variance
from typing import Final

import msgspec

from loadtest.analysis.changes import change, changes_since
from loadtest.model.between_runs import FALSE_ALARMS, Excess
from loadtest.model.candidate import BOTH_ROUTES, Candidate
from loadtest.model.estimate import Estimate
from loadtest.model.report import Report
from loadtest.model.side_by_side import (
    FIGURES,
    Change,
    ComparedPair,
    Ratios,
    RouteSummary,
    SideBySide,
)

_SLOWED: Final = {
    "CPU per vote, µs": "cpu_us_per_vote",
    "p50, ms": "p50",
    "p90, ms": "p90",
    "p99, ms": "p99",
    "p99.9, ms": "p999",
}
"""The figures that rise when a route is slower: by title, their field."""


class FalseAlarmTrial(msgspec.Struct, frozen=True):
    """What comparing each run of the same code with the previous one gave.

    By pair of runs, `alarms` are the changes reported and `uncorrected` is how many there would
    have been without either correction: a plain Welch test of each row. `found` is in how many
    pairs a slow-down of the gRPC route by `slowdown` (0.25: a quarter) was reported as a change.
    """

    alarms: list[list[Change]]
    uncorrected: list[int]
    rows: int
    slowdown: float
    found: int

    @property
    def false_alarms(self) -> int:
        """How many pairs had a change reported."""
        return sum(1 for changes in self.alarms if changes)

    @property
    def quiet(self) -> bool:
        """Whether at most one report in twenty had a false alarm."""
        return self.false_alarms <= FALSE_ALARMS * len(self.alarms)


def judge_runs(runs: Sequence[Report], slowdown: float) -> FalseAlarmTrial:
    """Compare each run with the previous one, as it is and slowed down."""
    compared = [changes_since(old, new).changes for old, new in pairwise(runs)]
    slowed = [changes_since(old, _slower(new, slowdown)).changes for old, new in pairwise(runs)]
    return FalseAlarmTrial(
        alarms=[[row for row in rows if row.changed] for rows in compared],
        uncorrected=[sum(map(_is_alarm_uncorrected, rows)) for rows in compared],
        rows=max(map(len, compared), default=0),
        slowdown=slowdown,
        found=sum(1 for rows in slowed if any(_is_the_slowdown(row) for row in rows)),
    )


def excesses(runs: Sequence[Report]) -> dict[str, Excess]:
    """Return by figure how much more runs differ than the spread of their phases suggests.

    That is the standard deviation of the runs' logarithms over the root mean square of their
    standard errors: 1 when a run's phases share nothing, 0 when fewer than two runs have it.
    """
    return {
        title: Excess(
            route=max(
                _excess(_of_route(run.side_by_side, route, title) for run in runs)
                for route in BOTH_ROUTES
            ),
            ratio=_excess(_of_ratio(run.side_by_side, title) for run in runs),
        )
        for title, _, _ in FIGURES
    }


def _excess(figures: Iterable[Estimate | None]) -> float:
    known = [(found, error) for found in figures if found and (error := found.standard_error)]
    if len(known) < 2:
        return 0.0
    between_runs = variance([math.log(found.value) for found, _ in known])
    return math.sqrt(between_runs / fmean(error**2 for _, error in known))


def _of_route(found: SideBySide, route: Candidate, title: str) -> Estimate | None:
    figure = next(of_route for name, of_route, _ in FIGURES if name == title)
    return figure(found.routes[route]) if route in found.routes else None


def _of_ratio(found: SideBySide, title: str) -> Estimate | None:
    figure = next(of_ratios for name, _, of_ratios in FIGURES if name == title)
    ratios = [one.ratios for one in found.pairs if (one.of, one.to) == BOTH_ROUTES]
    return figure(ratios[0]) if figure and ratios else None


def _is_alarm_uncorrected(row: Change) -> bool:
    uncorrected = change(row.figure, row.of, row.old, row.new, excess=1.0)
    return uncorrected is not None and uncorrected.p < FALSE_ALARMS


def _is_the_slowdown(row: Change) -> bool:
    return row.changed and row.figure in _SLOWED and row.factor.value > 1 and row.of != "HTTP"


def _slower(report: Report, slowdown: float) -> Report:
    """Return the report as if the gRPC route had been slower, in time and in processor time."""
    found, factor = report.side_by_side, 1 + slowdown
    routes = dict(found.routes)
    if Candidate.GRPC in routes:
        routes[Candidate.GRPC] = msgspec.structs.replace(
            routes[Candidate.GRPC], **_scaled(routes[Candidate.GRPC], factor)
        )
    pairs = [
        ComparedPair(
            *BOTH_ROUTES, msgspec.structs.replace(one.ratios, **_scaled(one.ratios, factor))
        )
        for one in found.pairs
        if (one.of, one.to) == BOTH_ROUTES
    ]
    slower = msgspec.structs.replace(found, routes=routes, pairs=pairs)
    return msgspec.structs.replace(report, side_by_side=slower)


def _scaled(figures: RouteSummary | Ratios, factor: float) -> dict[str, Estimate]:
    known = {name: getattr(figures, name, None) for name in _SLOWED.values()}
    return {
        name: Estimate(
            estimate.value * factor,
            None if estimate.low is None else estimate.low * factor,
            None if estimate.high is None else estimate.high * factor,
            estimate.repeats,
        )
        for name, estimate in known.items()
        if estimate is not None
    }
