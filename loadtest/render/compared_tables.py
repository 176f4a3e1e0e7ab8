"""The tables of candidates and their ratios, for the terminal, the page and Markdown."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from loadtest.model.candidate import Candidate, Pair, pairs_of
from loadtest.model.side_by_side import FIGURES, OfRatios, OfRoute, SideBySide
from loadtest.model.sweep_result import Sweep
from loadtest.model.wording import CANDIDATE_NAMES, figure, pair_name, rate

_SWEPT: Final = {"CPU per vote, µs", "p50, ms", "p99, ms"}


class Row(msgspec.Struct, frozen=True):
    """A figure of each candidate, and the ratio of each two where it was taken; all as text."""

    title: str
    values: list[str]
    ratios: list[str]


class ComparedTable(msgspec.Struct, frozen=True):
    """A table with a column for each candidate, and one for each two of them."""

    candidates: list[Candidate]
    pairs: list[Pair]
    rows: list[Row]

    @property
    def value_headings(self) -> list[str]:
        """The headings of the candidates' columns."""
        return [CANDIDATE_NAMES[candidate] for candidate in self.candidates]

    @property
    def ratio_headings(self) -> list[str]:
        """The headings of the ratios' columns."""
        return [pair_name(pair) for pair in self.pairs]


def side_by_side_table(found: SideBySide) -> ComparedTable:
    """Return all figures, a row for each; one that was not measured is a dash."""
    candidates = list(found.routes)
    pairs = pairs_of(candidates)
    rows = [
        _row(title, found, candidates, pairs, of_route, of_ratios)
        for title, of_route, of_ratios in FIGURES
    ]
    errors = [f"{summary.errors:,}" for summary in found.routes.values()]
    return ComparedTable(candidates, pairs, [*rows, Row("not accepted", errors, [""] * len(pairs))])


def sweep_tables(found: Sweep) -> Iterator[tuple[str, ComparedTable]]:
    """Yield a title and a table for each figure of a sweep, with a row for each rate."""
    measured = {one for point in found.points for one in point.side_by_side.routes}
    candidates = [one for one in Candidate if one in measured]
    pairs = pairs_of(candidates)
    for title, of_route, of_ratios in FIGURES:
        if title in _SWEPT:
            rows = [
                _row(rate(point.rate), point.side_by_side, candidates, pairs, of_route, of_ratios)
                for point in found.points
            ]
            yield title, ComparedTable(candidates, pairs, rows)


def _row(
    title: str,
    found: SideBySide,
    candidates: Sequence[Candidate],
    pairs: Sequence[Pair],
    of_route: OfRoute,
    of_ratios: OfRatios | None,
) -> Row:
    summaries = [found.routes.get(candidate) for candidate in candidates]
    ratios = {(compared.of, compared.to): compared.ratios for compared in found.pairs}
    compared = [ratios.get(pair) for pair in pairs]
    return Row(
        title,
        [figure(of_route(summary) if summary else None) for summary in summaries],
        [figure(of_ratios(one) if one else None) if of_ratios else "" for one in compared],
    )
