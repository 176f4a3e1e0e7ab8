"""The rows of the table that has both routes side by side: in the terminal, page and Markdown."""

from collections.abc import Callable, Iterator

import msgspec

from loadtest.estimate import Estimate
from loadtest.side_by_side import RouteSummary, SideBySide
from loadtest.wording import three_digits
from voting.vote import Route


class Row(msgspec.Struct, frozen=True):
    """One figure of both routes, and the ratio of the two where it was taken; all as text."""

    title: str
    grpc: str
    http: str
    ratio: str


def side_by_side_rows(found: SideBySide) -> Iterator[Row]:
    """Return the rows; a figure that was not measured is a dash."""
    ratios = found.ratios
    shown: list[tuple[str, Callable[[RouteSummary], Estimate | None], Estimate | None]] = [
        ("accepted per second", lambda r: r.accepted_per_second, ratios.accepted_per_second),
        ("CPU per vote, µs", lambda r: r.cpu_us_per_vote, ratios.cpu_us_per_vote),
        ("p50, ms", lambda r: r.p50, ratios.p50),
        ("p90, ms", lambda r: r.p90, ratios.p90),
        ("p99, ms", lambda r: r.p99, ratios.p99),
        ("p99.9, ms", lambda r: r.p999, None),
        ("votes per Kafka batch", lambda r: r.votes_per_batch, None),
    ]
    for title, figure, ratio in shown:
        grpc, http = (
            None if route not in found.routes else figure(found.routes[route])
            for route in (Route.GRPC, Route.HTTP)
        )
        yield Row(title, figure_text(grpc), figure_text(http), figure_text(ratio))
    errors = [f"{r.errors:,}" if (r := found.routes.get(route)) else "—" for route in Route]
    by_route = dict(zip(Route, errors, strict=True))
    yield Row("not accepted", by_route[Route.GRPC], by_route[Route.HTTP], "")


def figure_text(estimate: Estimate | None) -> str:
    """Return an estimate with its interval: `4.20 (4.00-4.41)`."""
    if estimate is None:
        return "—"
    text = three_digits(estimate.value)
    if estimate.low is None or estimate.high is None:
        return text
    return f"{text} ({three_digits(estimate.low)}-{three_digits(estimate.high)})"
