"""The result of a comparison as text for a terminal."""

from collections.abc import Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from loadtest.model.findings import PhaseReport
from loadtest.model.report import Report
from loadtest.model.side_by_side import Changes
from loadtest.model.wording import (
    ROUTE_NAMES,
    change_word,
    changes_note,
    figure,
    headline,
    three_digits,
)
from loadtest.render.compared_tables import ComparedTable, side_by_side_table, sweep_tables


def print_result(console: Console, report: Report) -> None:
    """Print the figures and the verdict."""
    if report.side_by_side.routes:
        title = "Each route alone: means over its phases, with 95 % intervals"
        _print_compared(console, title, side_by_side_table(report.side_by_side))
    for title, table in sweep_tables(report.sweep) if report.sweep else ():
        _print_compared(console, f"{title}: means with 95 % intervals", table)
    if report.changes is not None:
        _print_changes(console, report.changes)
    if any(phase.errors for phase in report.phases):
        console.print(errors_table(report.phases))
    _print_verdict(console, report)


def terminal_tables(title: str, found: ComparedTable) -> list[Table]:
    """Return a table of two candidates; of three, whose ratios need the width, two tables."""
    values, ratios = [row.values for row in found.rows], [row.ratios for row in found.rows]
    names = [row.title for row in found.rows]
    if len(found.pairs) <= 1:
        rows = [one + other for one, other in zip(values, ratios, strict=True)]
        return [_figures(title, names, [*found.value_headings, *found.ratio_headings], rows)]
    return [
        _figures(title, names, found.value_headings, values),
        _figures("Their ratios", names, found.ratio_headings, ratios),
    ]


def _figures(
    title: str, names: Sequence[str], headings: Sequence[str], rows: Sequence[Sequence[str]]
) -> Table:
    table = _table(title)
    table.add_column("", no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right")
    for name, row in zip(names, rows, strict=True):
        if any(row):
            table.add_row(name, *row)
    return table


def changes_table(found: Changes) -> Table:
    """Return what changed since an earlier report."""
    table = _table("Since the earlier report")
    for heading in ("", "of"):
        table.add_column(heading, no_wrap=True)
    for heading in ("old", "new", "new / old"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for change in found.changes:
        values = [three_digits(change.old.value), three_digits(change.new.value)]
        table.add_row(change.figure, change.of, *values, figure(change.factor), change_word(change))
    return table


def errors_table(phases: list[PhaseReport]) -> Table:
    """Return why votes were not accepted, by kind."""
    table = _table("Votes not accepted")
    for heading in ("phase", "route", "kind", "counted?"):
        table.add_column(heading)
    table.add_column("votes", justify="right")
    for phase in phases:
        for error in phase.errors:
            route = ROUTE_NAMES[error.route] if error.route else "no response"
            counts = "no" if error.outcome == "refused" else "unknown"
            table.add_row(phase.name, route, error.kind, counts, f"{error.count:,}")
    return table


def _table(title: str) -> Table:
    table = Table(title=title, title_style="dim", title_justify="left", box=SIMPLE)
    table.padding = (0, 1, 0, 0)  # fits into 80 columns
    table.show_edge = False
    return table


def _print_compared(console: Console, title: str, found: ComparedTable) -> None:
    for table in terminal_tables(title, found):
        console.print(table)


def _print_changes(console: Console, found: Changes) -> None:
    if found.changes:
        console.print(changes_table(found))
        console.print(changes_note(found), style="dim", highlight=False, markup=False)
    for text in found.unlike:
        _print_warning(console, f"Different setup: {text}")
    for text in found.uncompared:
        _print_warning(console, f"Not compared: {text}")


def _print_warning(console: Console, text: str) -> None:
    console.print(f"! {text}", style="yellow", highlight=False, markup=False)


def _print_verdict(console: Console, report: Report) -> None:
    verdict = report.verdict
    lines = [("  ", "", text) for text in verdict.findings]
    lines += [("! ", "yellow", text) for text in verdict.warnings]
    lines += [("✗ ", "bold red", text) for text in verdict.failures]
    for mark, style, text in lines:
        console.print(mark + text, style=style, highlight=False, markup=False)
    style = "bold red" if verdict.failures else "yellow" if report.interrupted else "bold green"
    mark = "✓" if verdict.passed else "✗"
    console.print(f"{mark} {headline(report)}", style=style, highlight=False)
