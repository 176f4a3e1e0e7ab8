"""The plots of a sweep: a figure of each candidate over the rate."""

from collections.abc import Iterator
from typing import Final

from markupsafe import Markup

from loadtest.model.candidate import Candidate
from loadtest.model.side_by_side import FIGURES, OfRoute
from loadtest.model.sweep_result import Sweep
from loadtest.model.wording import CANDIDATE_NAMES, figure, is_uncertain, rate
from loadtest.render.axes import log_axis, rate_axis
from loadtest.render.chart import Dot, Line, line_chart

_PLOTS: Final = {
    "CPU per vote, µs": ("Cost per vote", "processor time per vote (µs)"),
    "p50, ms": ("Median latency", "50 % answered within (ms)"),
    "p99, ms": ("99th percentile of latency", "99 % answered within (ms)"),
}
"""By figure: the title of its plot, and of the vertical axis."""


def sweep_plots(found: Sweep) -> Iterator[tuple[str, str, Markup]]:
    """Yield title, name of the figure and plot for each figure that was measured."""
    rates = [point.rate for point in found.points]
    for figure_name, of_route, _ in FIGURES:
        if figure_name not in _PLOTS:
            continue
        title, unit = _PLOTS[figure_name]
        lines = [_line(found, candidate, of_route) for candidate in sorted(Candidate)]
        values = [dot.y for line in lines for dot in line.dots]
        if values:
            x = rate_axis("votes per second", rates)
            y = log_axis(unit, values, "{:,g}".format)
            chart = line_chart(f"{title} over the rate", x, y, [o for o in lines if o.dots])
            yield title, figure_name, chart


def _line(found: Sweep, candidate: Candidate, of_route: OfRoute) -> Line:
    dots = []
    for point in found.points:
        summary = point.side_by_side.routes.get(candidate)
        estimate = of_route(summary) if summary else None
        if estimate is not None:
            text = f"{CANDIDATE_NAMES[candidate]} at {rate(point.rate)}: {figure(estimate)}"
            sure = not is_uncertain(estimate)
            low, high = (estimate.low, estimate.high) if sure else (None, None)
            dots.append(Dot(point.rate, estimate.value, text, low, high))
    return Line(candidate.value, [(dot.x, dot.y) for dot in dots], dots)
