"""How often runs of the same code are called changed, and how far they lie apart."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import fmean, variance
from typing import Final

import msgspec

from loadtest.analysis.changes import change, changes_since
from loadtest.model.between_runs import FALSE_ALARMS, Excess
from loadtest.model.estimate import Estimate
from loadtest.model.report import Report
from loadtest.model.side_by_side import FIGURES, Change, Ratios, RouteSummary, SideBySide
from voting.domain.vote import Route

_SLOWED: Final = {
    "CPU per vote, µs": "cpu_us_per_vote",
    "p50, ms": "p50",
    "p90, ms": "p90",
    "p99, ms": "p99",
    "p99.9, ms": "p999",
}
"""The figures that a slower route has more of, by their titles."""


class FalseAlarmTrial(msgspec.Struct, frozen=True):
    """What came of comparing each of some runs of the same code with the one before.

    `alarms` are the changes that were called, by pair; `uncorrected` how many would have been by
    each row's own Welch test, which takes each run's phases for all there is. `found` is in how
    many pairs a slow-down of the gRPC route by `slowdown` (0.25: a quarter) was called a change.
    """

    alarms: list[list[Change]]
    uncorrected: list[int]
    rows: int
    slowdown: float
    found: int

    @property
    def false_alarms(self) -> int:
        """How many pairs had any change called."""
        return sum(1 for changes in self.alarms if changes)

    @property
    def quiet(self) -> bool:
        """Whether at most one report in twenty had a false alarm."""
        return self.false_alarms <= FALSE_ALARMS * len(self.alarms)


def judge_runs(runs: Sequence[Report], slowdown: float) -> FalseAlarmTrial:
    """Return what comes of comparing each run with the one before, as they are and slowed down."""
    compared = [changes_since(old, new).changes for old, new in pairwise(runs)]
    slowed = [changes_since(old, _slower(new, slowdown)).changes for old, new in pairwise(runs)]
    return FalseAlarmTrial(
        alarms=[[row for row in rows if row.changed] for rows in compared],
        uncorrected=[sum(map(_would_be_called_alone, rows)) for rows in compared],
        rows=max(map(len, compared), default=0),
        slowdown=slowdown,
        found=sum(1 for rows in slowed if any(_is_the_slowdown(row) for row in rows)),
    )


def excesses(runs: Sequence[Report]) -> dict[str, Excess]:
    """Return by figure how many times further runs lie apart than the spread of their phases says.

    That is the runs' standard deviation, of logarithms, over their own standard errors' root mean
    square: 1 when a run's phases have nothing in common. 0 where there is nothing to tell it from.
    """
    return {
        title: Excess(
            route=max(
                _excess(_of_route(run.side_by_side, route, title) for run in runs)
                for route in Route
            ),
            ratio=_excess(_of_ratio(run.side_by_side, title) for run in runs),
        )
        for title, _, _ in FIGURES
    }


def _excess(figures: Iterable[Estimate | None]) -> float:
    known = [(found, error) for found in figures if found and (error := found.standard_error)]
    if len(known) < 2:
        return 0.0
    apart = variance([math.log(found.value) for found, _ in known])
    return math.sqrt(apart / fmean(error**2 for _, error in known))


def _of_route(found: SideBySide, route: Route, title: str) -> Estimate | None:
    figure = next(of_route for name, of_route, _ in FIGURES if name == title)
    return figure(found.routes[route]) if route in found.routes else None


def _of_ratio(found: SideBySide, title: str) -> Estimate | None:
    figure = next(of_ratios for name, _, of_ratios in FIGURES if name == title)
    return figure(found.ratios) if figure else None


def _would_be_called_alone(row: Change) -> bool:
    alone = change(row.figure, row.of, row.old, row.new, excess=1.0)
    return alone is not None and alone.p < FALSE_ALARMS


def _is_the_slowdown(row: Change) -> bool:
    return row.changed and row.figure in _SLOWED and row.factor.value > 1 and row.of != "HTTP"


def _slower(report: Report, slowdown: float) -> Report:
    """Return the report as if the gRPC route had been slower, in time and in processor time."""
    found, by = report.side_by_side, 1 + slowdown
    routes = dict(found.routes)
    if Route.GRPC in routes:
        routes[Route.GRPC] = msgspec.structs.replace(
            routes[Route.GRPC], **_scaled(routes[Route.GRPC], by)
        )
    ratios = msgspec.structs.replace(found.ratios, **_scaled(found.ratios, by))
    slower = msgspec.structs.replace(found, routes=routes, ratios=ratios)
    return msgspec.structs.replace(report, side_by_side=slower)


def _scaled(figures: RouteSummary | Ratios, by: float) -> dict[str, Estimate]:
    known = {name: getattr(figures, name, None) for name in _SLOWED.values()}
    return {
        name: Estimate(
            estimate.value * by,
            None if estimate.low is None else estimate.low * by,
            None if estimate.high is None else estimate.high * by,
            estimate.repeats,
        )
        for name, estimate in known.items()
        if estimate is not None
    }
