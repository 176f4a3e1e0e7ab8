"""The rows of the side-by-side table in the terminal, on the page and in Markdown."""

from collections.abc import Iterator

import msgspec

from loadtest.model.side_by_side import FIGURES, RouteSummary, SideBySide
from loadtest.model.wording import figure
from voting.domain.vote import Route


class SideBySideRow(msgspec.Struct, frozen=True):
    """One figure of both routes, and the ratio of the two where it was taken; all as text."""

    title: str
    grpc: str
    http: str
    ratio: str


def side_by_side_rows(found: SideBySide) -> Iterator[SideBySideRow]:
    """Return the rows; a figure that was not measured is a dash."""
    grpc, http = found.routes.get(Route.GRPC), found.routes.get(Route.HTTP)
    for title, of_route, of_ratios in FIGURES:
        yield SideBySideRow(
            title,
            figure(of_route(grpc) if grpc else None),
            figure(of_route(http) if http else None),
            figure(of_ratios(found.ratios)) if of_ratios else "",
        )
    yield SideBySideRow("not accepted", _errors(grpc), _errors(http), "")


def _errors(summary: RouteSummary | None) -> str:
    return f"{summary.errors:,}" if summary else "—"
