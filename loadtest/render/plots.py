"""The plots of the report."""

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from loadtest.model.candidate import Candidate
from loadtest.model.findings import Latency, PhaseReport
from loadtest.model.side_by_side import RouteSummary, SideBySide
from loadtest.model.wording import CANDIDATE_NAMES, ROUTE_NAMES, ms
from loadtest.render.axes import linear_axis, log_axis, nines_axis
from loadtest.render.chart import Band, Dot, Line, line_chart
from voting.domain.vote import Route


def latency_plot(found: SideBySide, phases: Sequence[PhaseReport]) -> Markup:
    """Return latency over percentiles: a line per candidate alone, dashed in the split."""
    # All of gRPC's first: its lines are wide, HTTP's thin, so that neither hides the other.
    lines = [line for one in sorted(Candidate) for line in _latency_lines(one, found, phases)]
    points = [point for line in lines for point in line.points if point is not None]
    return line_chart(
        "Latency of each route over percentiles",
        nines_axis("share of votes answered …", max((p for p, _ in points), default=0)),
        log_axis("… within this time (ms)", [value for _, value in points], lambda v: f"{v:g}"),
        lines,
    )


def throughput_plot(phases: Sequence[PhaseReport]) -> Markup:
    """Return accepted votes per second of each route over the whole comparison."""
    zero = min((phase.started_at for phase in phases), default=0.0)
    lines = [line for phase in phases for line in _throughput_lines(phase, zero)]
    return _plot_over_time("Accepted votes over time", "votes per second", phases, lines)


def slowest_plot(phases: Sequence[PhaseReport]) -> Markup:
    """Return the 99th percentile of latency of each route over the whole comparison."""
    zero = min((phase.started_at for phase in phases), default=0.0)
    lines = [
        Line(_style(phase, route), _steps(phase, zero, phase.series.p99[route]))
        for phase in phases
        for route in sorted(phase.series.p99)
    ]
    return _plot_over_time("Latency over time", "99 % answered within (ms)", phases, lines)


def _latency_lines(
    candidate: Candidate, found: SideBySide, phases: Sequence[PhaseReport]
) -> Iterator[Line]:
    if candidate in found.routes and found.routes[candidate].curve:
        yield _alone_line(candidate, found.routes[candidate])
    if candidate is Candidate.GRPC_UNARY:
        return  # it gets none of the split
    for phase in phases:
        if phase.forced is None and candidate.route in phase.routes:
            latency = phase.routes[candidate.route].latency
            if latency is not None:
                yield _split_line(candidate.route, latency)


def _style(phase: PhaseReport, route: Route) -> str:
    """Return the style of a route's line: that of the phase's candidate, if it is of the route."""
    is_own = phase.forced is not None and phase.forced.route is route
    return str(phase.forced if is_own else route)


def _alone_line(candidate: Candidate, summary: RouteSummary) -> Line:
    estimates = [summary.p50, summary.p90, summary.p99, summary.p999]
    values = [None if found is None else found.value for found in estimates]
    dots = _latency_dots(f"{CANDIDATE_NAMES[candidate]} alone", values)
    return Line(candidate.value, summary.curve, dots)


def _split_line(route: Route, latency: Latency) -> Line:
    values = [latency.p50, latency.p90, latency.p99, latency.p999]
    dots = _latency_dots(f"{ROUTE_NAMES[route]} in the split", values)
    return Line(f"{route} dashed", latency.curve, dots)


def _latency_dots(line: str, values: Sequence[float | None]) -> list[Dot]:
    return [
        Dot(percent, value, f"{line}: {percent:g} % within {ms(value)}")
        for percent, value in zip((50.0, 90.0, 99.0, 99.9), values, strict=True)
        if value is not None
    ]


def _throughput_lines(phase: PhaseReport, zero: float) -> Iterator[Line]:
    start = phase.started_at - zero
    if phase.offered_per_second is not None:
        expected = phase.offered_per_second
        yield Line("offered", [(start, expected), (start + phase.seconds, expected)])
    for route, rates in sorted(phase.series.accepted.items()):
        if any(rates):
            yield Line(_style(phase, route), _steps(phase, zero, rates))
    if any(phase.series.errors):
        yield Line("error", _steps(phase, zero, phase.series.errors))


def _steps(
    phase: PhaseReport, zero: float, values: Sequence[float | None]
) -> list[tuple[float, float] | None]:
    """Return the values of a series as points in the middle of their steps."""
    step, start = phase.series.step, phase.started_at - zero
    return [
        None if value is None else (start + (number + 0.5) * step, value)
        for number, value in enumerate(values)
    ]


def _plot_over_time(
    label: str, unit: str, phases: Sequence[PhaseReport], lines: Sequence[Line]
) -> Markup:
    zero = min((phase.started_at for phase in phases), default=0.0)
    bands = [
        Band(phase.started_at - zero, phase.started_at - zero + phase.seconds, phase.name)
        for phase in phases
    ]
    highest = max((point[1] for line in lines for point in line.points if point), default=1.0)
    return line_chart(
        label,
        linear_axis("seconds", 0, max((band.end for band in bands), default=1.0), "{:g}".format),
        linear_axis(unit, 0, highest * 1.2, "{:g}".format),
        lines,
        bands,
    )
