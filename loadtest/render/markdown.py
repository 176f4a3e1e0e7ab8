"""A comparison as Markdown, for a pull request."""

from collections.abc import Iterator, Sequence

from loadtest.model.report import Report
from loadtest.model.side_by_side import Changes
from loadtest.model.wording import change_word, changes_note, compared_names, figure, headline, rate
from loadtest.render.compared_tables import ComparedTable, side_by_side_table, sweep_tables


def to_markdown(report: Report) -> str:
    """Return the report's verdict and figures."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    verdict, setup = report.verdict, report.setup
    mark = "✅" if verdict.passed else "❌"
    yield f"### {mark} Votes via {compared_names(report)}: {headline(report)}"
    yield ""
    for text in verdict.failures:
        yield f"- **{text}**"
    for text in verdict.findings:
        yield f"- {text}"
    for text in verdict.warnings:
        yield f"- ⚠️ {text}"
    yield ""
    if report.side_by_side.routes:
        yield from _compared("each route alone", side_by_side_table(report.side_by_side))
    for title, table in sweep_tables(report.sweep) if report.sweep else ():
        yield from [*_compared(title, table), ""]
    if report.changes is not None:
        yield ""
        yield from _changes(report.changes)
    rates = [rate(at) for at in setup.sweep] or ([rate(setup.rate)] if setup.rate else [])
    load = f"{', '.join(rates)}, {setup.pattern}" if rates else "closed loop"
    each = " at each rate" if setup.sweep else ""
    yield ""
    yield (
        f"<sub>{load}, {setup.users} connections; each route {setup.seconds:g} s in"
        f" {2 * setup.rounds} phases{each}; figures are means over the phases, with 95 % intervals"
        " in brackets.</sub>"
    )


def _compared(title: str, found: ComparedTable) -> Iterator[str]:
    headings = [title, *found.value_headings, *found.ratio_headings]
    yield from _table(headings, [[row.title, *row.values, *row.ratios] for row in found.rows])


def _changes(changes: Changes) -> Iterator[str]:
    for text in changes.unlike:
        yield f"- ⚠️ Different setup: {text}"
    for text in changes.uncompared:
        yield f"- Not compared: {text}"
    if not changes.changes:
        return
    yield ""
    yield from _table(
        ["since the earlier report", "of", "old", "new", "new / old", ""],
        [
            [
                change.figure,
                change.of,
                figure(change.old),
                figure(change.new),
                figure(change.factor),
                f"**{change_word(change)}**" if change.changed else change_word(change),
            ]
            for change in changes.changes
        ],
    )
    yield ""
    yield f"<sub>{changes_note(changes)}</sub>"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield _row(headings)
    yield _row(["---", *["---:"] * (len(headings) - 1)])
    yield from (_row(row) for row in rows)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '\\|') for cell in cells)} |"
