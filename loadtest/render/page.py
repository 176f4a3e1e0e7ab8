"""report.html: a self-contained file, made from the report alone."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from loadtest.model import wording
from loadtest.model.checks import Reconciliation
from loadtest.model.findings import PhaseReport
from loadtest.model.report import Report
from loadtest.model.sweep_result import Sweep
from loadtest.render.compared_tables import ComparedTable, side_by_side_table, sweep_tables
from loadtest.render.cost_bars import cost_bars
from loadtest.render.plots import latency_plot, slowest_plot, throughput_plot
from loadtest.render.ramp_plot import ramp_plot
from loadtest.render.split_plot import split_plot
from loadtest.render.sweep_plot import sweep_plots
from voting.domain.vote import Route

_TEMPLATE: Final = "report.html.jinja"


def to_html(report: Report) -> str:
    """Return the report as a page."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "ms": wording.ms,
        "figure": lambda estimate: _stacked(wording.figure(estimate)),
        "stacked": _stacked,
        "unbroken": _unbroken,
        "mib": wording.mib,
        "percent": wording.percent,
        "rate": wording.rate,
        "changed": wording.change_word,
        "changes_note": wording.changes_note,
        "route": lambda route: wording.ROUTE_NAMES[route] if route else "unknown",
        "candidate": wording.CANDIDATE_NAMES.__getitem__,
    }
    measured = [phase for phase in report.phases if phase.seconds > 0]
    return environment.get_template(_TEMPLATE).render(
        report=report,
        headline=wording.headline(report),
        compared_names=wording.compared_names(report),
        routes=list(Route),
        shown=report.setup.candidates,
        connections=wording.CONNECTIONS,
        started=_time(report.started_at),
        checks=_checks(report.reconciliation),
        most_errors=max((e.count for phase in report.phases for e in phase.errors), default=0),
        side=side_by_side_table(report.side_by_side),
        sweep=list(_sweep(report.sweep)) if report.sweep else [],
        ramp=ramp_plot(report.ramp) if report.ramp and report.ramp.steps else None,
        bars=cost_bars(report.side_by_side),
        has_latency=any(_has_latency(phase) for phase in measured),
        has_curves=bool(report.side_by_side.routes or report.split),
        latency=latency_plot(report.side_by_side, measured),
        throughput=throughput_plot(measured),
        slowest=slowest_plot(measured),
        split=split_plot(report.split) if report.split else None,
    )


def _sweep(found: Sweep) -> Iterator[tuple[str, Markup, ComparedTable]]:
    """Yield title, plot and table of each figure that was measured."""
    tables = dict(sweep_tables(found))
    for title, figure, plot in sweep_plots(found):
        yield title, plot, tables[figure]


def _stacked(text: str) -> Markup:
    """Return a figure with its interval in a tag of its own, which a phone shows below it."""
    value, space, interval = text.partition(" (")
    if not space:
        return escape(text)
    return Markup('{} <span class="interval">({}</span>').format(value, interval)


def _unbroken(text: str) -> Markup:
    """Return a sentence in which options and figures with their units stay on one line."""
    joined = re.sub(r"(?<=\d) (?=(?:%|µs|ms|s)(?!\w))", "\N{NO-BREAK SPACE}", text)
    option = r'<span class="option">\g<0></span>'
    return Markup(re.sub(r"--[a-z0-9-]+", option, str(escape(joined))))  # noqa: S704 - escaped


def _time(unix: float) -> str:
    return datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _has_latency(phase: PhaseReport) -> bool:
    return any(figures.latency for figures in phase.routes.values())


def _checks(found: Reconciliation | None) -> list[tuple[str, int, bool]]:
    """Return each check of the reconciliation: its text, how many fail it, whether it holds."""
    if found is None:
        return []
    surplus = max(0, found.others - found.unknown_without_id)
    checks = [
        ("Accepted votes missing from the vote log", found.lost.count),
        ("Votes in the vote log with other content than sent", found.altered.count),
        ("Accepted votes under an id that another vote has", found.repeated.count),
        ("Refused votes that are in the vote log anyway", found.refused_counted.count),
        ("Counters of the tally that differ from the vote log", found.difference_count),
        ("Earlier votes that disappeared from the vote log", max(0, -found.others)),
    ]
    if not found.others_allowed:
        checks.append(("Votes in the vote log that this comparison did not send", surplus))
    return [(text, count, count == 0) for text, count in checks]
