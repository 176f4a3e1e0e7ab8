"""Tests whether a splitter kept its weights."""

from collections.abc import Iterable, Mapping
from typing import Final

from scipy import stats

from loadtest.model.checks import Splits, SplitTest
from loadtest.model.findings import Connection, PhaseReport
from voting.domain.vote import Route

# One fair random split in a thousand fails by chance: rare enough for CI. At 10,000 requests a
# share that is 3 points off is caught 99 times in 100. A round-robin splitter, as most are,
# varies less than chance and fails less often.
ALPHA: Final = 0.001


def check_splits(phases: Iterable[PhaseReport], weights: Mapping[Route, float]) -> Splits:
    """Return the tests of the phase that left the route to the splitter; empty if none did."""
    for phase in phases:
        if phase.forced is None:
            return Splits(
                check_phase_split(phase, weights), check_connection_splits(phase, weights)
            )
    return Splits()


def check_phase_split(phase: PhaseReport, weights: Mapping[Route, float]) -> SplitTest | None:
    """Return the test of a phase that left the route to the splitter; None without answers."""
    requests = {route: figures.requests for route, figures in phase.routes.items()}
    return check_split(requests, weights, phase.requests - sum(requests.values()))


def check_connection_splits(
    phase: PhaseReport, weights: Mapping[Route, float]
) -> dict[Connection, SplitTest]:
    """Return that test for each kind of connection: a splitter may choose once per connection."""
    tests = {
        kind: check_split(count.routes, weights, count.requests - sum(count.routes.values()))
        for kind, count in phase.connections.items()
    }
    return {kind: test for kind, test in tests.items() if test is not None}


def check_split(
    requests: Mapping[Route, int],
    weights: Mapping[Route, float],
    unanswered: int = 0,
    alpha: float = ALPHA,
) -> SplitTest | None:
    """Return the test of the requests each route got against the weights; None without requests.

    `unanswered` requests got no answer that names a route: a route that fails loses its share of
    the answers, which is not the splitter's fault. So the split is off only if it is off whichever
    way these requests went.
    """
    total = sum(requests.values())
    if total == 0:
        return None
    http = requests.get(Route.HTTP, 0)
    expected = weights[Route.HTTP] / sum(weights.values())
    missing = round(expected * (total + unanswered)) - http
    best = http + min(max(0, missing), unanswered)
    low, high = wilson_interval(http, total, alpha)
    chi_square, p_value = _chi_square(http, total, expected)
    _, best_p_value = _chi_square(best, total + unanswered, expected)
    return SplitTest(
        requests=dict(requests),
        unanswered=unanswered,
        expected=expected,
        share=http / total,
        low=low,
        high=high,
        chi_square=chi_square,
        p_value=p_value,
        alpha=alpha,
        fair=best_p_value >= alpha,
    )


def _chi_square(hits: int, total: int, expected: float) -> tuple[float, float]:
    """Return Pearson's statistic, which has one degree of freedom here, and its p-value."""
    found = stats.chisquare([hits, total - hits], [total * expected, total * (1 - expected)])
    return float(found.statistic), float(found.pvalue)


def wilson_interval(hits: int, total: int, alpha: float) -> tuple[float, float]:
    """Return the interval that holds the true share of hits with confidence 1 - `alpha`.

    Wilson's, without continuity correction: all shares that the chi-square test does not reject.
    """
    interval = stats.binomtest(hits, total).proportion_ci(1 - alpha, method="wilson")
    return float(interval.low), float(interval.high)
