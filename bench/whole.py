"""The whole cost of a vote, as a picture and in euros: `./bazelw run //bench:whole`."""

import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from typing import Final

import msgspec
import uvloop

from bench.apparatus.servers import Servers
from bench.cases.run import Plan, measure
from bench.cases.whole import FULL, RATES, Whole
from bench.options import at_least_one, path, positive
from bench.report.page import Page
from bench.report.report import VERSION, Report, machine, row
from bench.report.whole import PICTURE, whole_block, whole_cost, whole_picture
from harness.processes.console import hide_progress, run_command, say
from harness.processes.scratch import scratch_folder

_EUROS_PER_CORE_HOUR: Final = 0.05
_HEADINGS: Final = {
    **{f"whole-{rate}": f"at {rate:,} votes a second" for rate in RATES},
    FULL: "at full load",
}


def whole(options: Namespace) -> int:
    """Measure, print the table, and write the files that were asked for."""
    hide_progress()
    page = Page(options.markdown, "whole") if options.markdown else None
    at, facts = datetime.now(UTC).isoformat(timespec="minutes"), machine()
    plan = Plan([], options.seconds, options.rounds)
    with scratch_folder("voting-whole-") as folder:
        measured = uvloop.run(measure(Servers(folder), plan, say, groups=[Whole()]))
    costs = [whole_cost(case, _HEADINGS[case.name], options.price) for case in measured]
    report = Report(VERSION, at, plan.seconds, plan.rounds, facts, [row(case) for case in measured])
    block = whole_block(costs, report)
    say(f"\n{block}")
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(costs)))
    if page:
        page.write(block)
        options.markdown.with_name(PICTURE).write_text(whole_picture(costs), encoding="utf-8")
    return 0


def main() -> int:
    """Run the command."""
    parser = ArgumentParser(
        prog="whole",
        description="Run the whole system with the entry and one watcher, and measure what each "
        "process uses per vote at 400 and 2,000 votes a second and at full load: about three "
        "minutes.",
    )
    parser.add_argument("--seconds", type=positive, default=3.0, help="a turn (%(default)s)")
    parser.add_argument("--rounds", type=at_least_one, default=6, help="turns (%(default)s)")
    parser.add_argument(
        "--price",
        type=positive,
        default=_EUROS_PER_CORE_HOUR,
        metavar="EUROS",
        help="an hour of a core (%(default)s)",
    )
    parser.add_argument("--json", type=path, metavar="FILE", help="file to write the figures to")
    parser.add_argument(
        "--markdown",
        type=path,
        metavar="FILE",
        help="page to write picture and table to, between its lines <!-- whole --> and "
        f"<!-- /whole -->; the picture is {PICTURE} beside it",
    )
    return run_command(lambda: whole(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
