"""The bars that show what a vote costs each process, with their intervals."""

from collections.abc import Iterator

import msgspec

from loadtest.model.estimate import Estimate
from loadtest.model.side_by_side import SideBySide
from loadtest.model.wording import ROUTE_NAMES, figure
from voting.domain.vote import Route


class Bar(msgspec.Struct, frozen=True):
    """One bar; lengths are in percent of the width available.

    `whole` marks a route's sum, `low` and `high` are the ends of its interval, None without one.
    """

    label: str
    route: Route
    whole: bool
    length: float
    low: float | None
    high: float | None
    text: str


def cost_bars(found: SideBySide) -> list[Bar]:
    """Return the bars: each route's sum and own processes, then what serves both."""
    costs = list(_costs(found))
    longest = max((_reach(cost) for _, _, _, cost in costs), default=1.0)
    return [
        Bar(
            label,
            route,
            whole,
            100 * cost.value / longest,
            None if cost.low is None else 100 * cost.low / longest,
            None if cost.high is None else min(100.0, 100 * cost.high / longest),
            figure(cost),
        )
        for label, route, whole, cost in costs
    ]


def _costs(found: SideBySide) -> Iterator[tuple[str, Route, bool, Estimate]]:
    for route, summary in sorted(found.routes.items()):
        if summary.cpu_us_per_vote:
            yield f"{ROUTE_NAMES[route]} route", route, True, summary.cpu_us_per_vote
            for name, process in found.processes.items():
                if process.owner is route and route in process.us_per_vote:
                    yield name, route, False, process.us_per_vote[route]
    for name, process in found.processes.items():
        if process.owner is None:
            for route, cost in sorted(process.us_per_vote.items()):
                yield f"{name}, {ROUTE_NAMES[route]} votes", route, False, cost


def _reach(cost: Estimate) -> float:
    """Return how far the bar and its interval reach; a very wide interval is cut off."""
    return min(cost.high or cost.value, 1.5 * cost.value)
