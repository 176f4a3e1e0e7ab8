"""The command that measures what a vote costs."""

from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import uvloop

from bench.cases.run import Plan, measure
from bench.cases.servers import Servers
from bench.report.report import VERSION, Report, machine, row
from bench.report.table import findings, has_place, markdown_table, text_table, with_table
from harness.processes.console import hide_progress, say
from harness.processes.errors import ServerError
from harness.processes.scratch import scratch_folder


def bench(options: Namespace) -> int:
    """Measure, print the table and write the files that were asked for."""
    hide_progress()
    plan = Plan(options.only, options.seconds, options.rounds)
    if not list(plan.groups()):
        raise ServerError(f"no case is called {' or '.join(plan.only)}; see --help")
    page = _page(options.markdown)
    at, facts = datetime.now(UTC).isoformat(timespec="minutes"), machine()
    with scratch_folder("voting-bench-") as folder:
        before = Servers(folder / "before", options.before) if options.before else None
        measured = uvloop.run(measure(Servers(folder), plan, say, before))
    rows = [row(case) for case in measured]
    report = Report(VERSION, at, plan.seconds, plan.rounds, facts, rows)
    say(f"\n{text_table(report)}\n")
    for line in findings(report):
        say(line)
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    if options.markdown:
        text = with_table(page, report) if page else markdown_table(report)
        options.markdown.write_text(text, encoding="utf-8")
    return 0


def _page(path: Path | None) -> str:
    """Return the existing page that the table goes into; empty when there is none."""
    if path is None or not path.exists():
        return ""
    page = path.read_text(encoding="utf-8")
    if not has_place(page):
        raise ServerError(
            f"{path} has no lines <!-- bench --> and <!-- /bench --> to put the table between"
        )
    return page
