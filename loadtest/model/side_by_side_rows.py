"""The rows of the table that has both routes side by side: in the terminal, page and Markdown."""

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from loadtest.model.estimate import Estimate
from loadtest.model.side_by_side import Ratios, RouteSummary, SideBySide
from loadtest.model.wording import figure
from voting.domain.vote import Route

type OfRoute = Callable[[RouteSummary], Estimate | None]
type OfRatios = Callable[[Ratios], Estimate | None]

FIGURES: Final[tuple[tuple[str, OfRoute, OfRatios | None], ...]] = (
    ("accepted per second", lambda r: r.accepted_per_second, lambda r: r.accepted_per_second),
    ("CPU per vote, µs", lambda r: r.cpu_us_per_vote, lambda r: r.cpu_us_per_vote),
    ("p50, ms", lambda r: r.p50, lambda r: r.p50),
    ("p90, ms", lambda r: r.p90, lambda r: r.p90),
    ("p99, ms", lambda r: r.p99, lambda r: r.p99),
    ("p99.9, ms", lambda r: r.p999, None),
    ("in the tally p50, ms", lambda r: r.visible_p50, lambda r: r.visible_p50),
    ("in the tally p99, ms", lambda r: r.visible_p99, lambda r: r.visible_p99),
    ("votes per Kafka batch", lambda r: r.votes_per_batch, None),
)
"""Each figure: its title, where a route has it, and where its ratio is, if one is taken."""


class Row(msgspec.Struct, frozen=True):
    """One figure of both routes, and the ratio of the two where it was taken; all as text."""

    title: str
    grpc: str
    http: str
    ratio: str


def side_by_side_rows(found: SideBySide) -> Iterator[Row]:
    """Return the rows; a figure that was not measured is a dash."""
    grpc, http = found.routes.get(Route.GRPC), found.routes.get(Route.HTTP)
    for title, of_route, of_ratios in FIGURES:
        yield Row(
            title,
            figure(of_route(grpc) if grpc else None),
            figure(of_route(http) if http else None),
            figure(of_ratios(found.ratios)) if of_ratios else "",
        )
    yield Row("not accepted", _errors(grpc), _errors(http), "")


def _errors(summary: RouteSummary | None) -> str:
    return f"{summary.errors:,}" if summary else "—"
