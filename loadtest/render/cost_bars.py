"""The bars that show what a vote costs each process, with their intervals."""

from collections.abc import Iterator

import msgspec

from loadtest.model.candidate import Candidate
from loadtest.model.estimate import Estimate
from loadtest.model.side_by_side import SideBySide
from loadtest.model.wording import CANDIDATE_NAMES, figure


class Bar(msgspec.Struct, frozen=True):
    """One bar; lengths are in percent of the width available.

    `whole` marks a candidate's sum, `low` and `high` are the ends of its interval, None without
    one.
    """

    label: str
    candidate: Candidate
    whole: bool
    length: float
    low: float | None
    high: float | None
    text: str


def cost_bars(found: SideBySide) -> list[Bar]:
    """Return the bars: each candidate's sum and its processes, then what serves all."""
    costs = list(_costs(found))
    longest = max((_reach(cost) for _, _, _, cost in costs), default=1.0)
    return [
        Bar(
            label,
            candidate,
            whole,
            100 * cost.value / longest,
            None if cost.low is None else 100 * cost.low / longest,
            None if cost.high is None else min(100.0, 100 * cost.high / longest),
            figure(cost),
        )
        for label, candidate, whole, cost in costs
    ]


def _costs(found: SideBySide) -> Iterator[tuple[str, Candidate, bool, Estimate]]:
    for candidate, summary in found.routes.items():
        if summary.cpu_us_per_vote:
            yield f"{CANDIDATE_NAMES[candidate]} route", candidate, True, summary.cpu_us_per_vote
            for name, process in found.processes.items():
                if candidate in process.owners and candidate in process.us_per_vote:
                    yield name, candidate, False, process.us_per_vote[candidate]
    for name, process in found.processes.items():
        if not process.owners:
            for candidate, cost in process.us_per_vote.items():
                yield f"{name}, {CANDIDATE_NAMES[candidate]} votes", candidate, False, cost


def _reach(cost: Estimate) -> float:
    """Return how far the bar and its interval reach; a very wide interval is cut off."""
    return min(cost.high or cost.value, 1.5 * cost.value)
