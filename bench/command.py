"""The command that measures what a vote costs."""

from argparse import Namespace
from datetime import UTC, datetime

import msgspec
import uvloop

from bench.apparatus.servers import Servers
from bench.cases.run import GROUPS, Plan, measure
from bench.report.page import Page
from bench.report.report import VERSION, Report, machine, row
from bench.report.table import findings, markdown_table, text_table
from harness.processes.console import hide_progress, say
from harness.processes.errors import ServerError
from harness.processes.scratch import scratch_folder


def bench(options: Namespace) -> int:
    """Measure, print the table and write the files that were asked for."""
    hide_progress()
    plan = Plan(options.only, options.seconds, options.rounds)
    if not list(plan.of(GROUPS)):
        raise ServerError(f"no case is called {' or '.join(plan.only)}; see --help")
    page = Page(options.markdown, "bench") if options.markdown else None
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
    if page:
        page.write(markdown_table(report))
    return 0
