"""The result of a comparison as text for a terminal."""

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from loadtest.findings import PhaseReport, RouteFigures
from loadtest.report import Report
from loadtest.wording import ROUTE_NAMES, headline, percent, rate, three_digits
from voting.vote import Route


def print_result(console: Console, report: Report) -> None:
    """Print the figures and the verdict."""
    if any(phase.requests for phase in report.phases):
        console.print(results_table(report))
    if any(phase.errors for phase in report.phases):
        console.print(errors_table(report.phases))
    _print_verdict(console, report)


def results_table(report: Report) -> Table:
    """Return the figures of each route in each phase."""
    table = _table("Latency of accepted votes in ms, from the intended start to the whole answer")
    table.add_column("phase", no_wrap=True, min_width=11)
    table.add_column("route", no_wrap=True)
    for heading in ("requests", "share", "accepted", "p50", "p90", "p99", "p99.9", "errors"):
        table.add_column(heading, justify="right", no_wrap=True)
    for phase in report.phases:
        for number, (route, figures) in enumerate(sorted(phase.routes.items())):
            errors = sum(error.count for error in phase.errors if error.route is route)
            table.add_row("" if number else phase.name, *_cells(route, figures, errors))
        unanswered = sum(error.count for error in phase.errors if error.route is None)
        if unanswered:
            name = "" if phase.routes else phase.name
            table.add_row(name, "no answer", f"{unanswered:,}", *[""] * 6, f"{unanswered:,}")
    return table


def errors_table(phases: list[PhaseReport]) -> Table:
    """Return why votes were not accepted, by kind."""
    table = _table("Votes not accepted")
    for heading in ("phase", "route", "kind", "does it count?"):
        table.add_column(heading)
    table.add_column("votes", justify="right")
    for phase in phases:
        for error in phase.errors:
            route = ROUTE_NAMES[error.route] if error.route else "no answer"
            counts = "no" if error.outcome == "refused" else "not known"
            table.add_row(phase.name, route, error.kind, counts, f"{error.count:,}")
    return table


def _table(title: str) -> Table:
    table = Table(title=title, title_style="dim", title_justify="left", box=SIMPLE)
    table.padding = (0, 0)  # fits into 80 columns
    table.show_edge = False
    return table


def _cells(route: Route, figures: RouteFigures, errors: int) -> list[str]:
    latency = figures.latency
    percentiles = [latency.p50, latency.p90, latency.p99, latency.p999] if latency else [None] * 4
    return [
        ROUTE_NAMES[route],
        f"{figures.requests:,}",
        percent(figures.share),
        rate(figures.accepted_per_second),
        *["—" if value is None else three_digits(value) for value in percentiles],
        f"{errors:,}" if errors else "—",
    ]


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
