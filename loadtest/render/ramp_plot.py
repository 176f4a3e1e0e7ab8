"""The plot of the ramp."""

from markupsafe import Markup

from loadtest.model.candidate import Candidate
from loadtest.model.ramp_result import Ramp
from loadtest.model.wording import CANDIDATE_NAMES, ms, rate
from loadtest.render.axes import log_axis
from loadtest.render.chart import Dot, Line, line_chart


def ramp_plot(found: Ramp) -> Markup:
    """Return the 99th percentile over the rate, and the bound."""
    rates = [step.rate for step in found.steps]
    lines = [Line("offered", [(min(rates), found.bound), (max(rates), found.bound)])]
    tried = {step.route for step in found.steps}
    lines += [_line(found, candidate) for candidate in Candidate if candidate in tried]
    slowest = [step.p99 for step in found.steps if step.p99 is not None]
    return line_chart(
        "99th percentile latency by rate",
        log_axis("votes per second", rates, lambda value: f"{value:,g}"),
        log_axis("99 % answered within (ms)", [*slowest, found.bound], lambda v: f"{v:,g}"),
        lines,
    )


def _line(found: Ramp, route: Candidate) -> Line:
    own = [step for step in found.steps if step.route is route]
    points = sorted((step.rate, step.p99) for step in own if step.p99 is not None)
    dots = [
        Dot(at, p99, f"{CANDIDATE_NAMES[route]} at {rate(at)}: 99 % within {ms(p99)}")
        for at, p99 in points
    ]
    return Line(route.value, points, dots)
