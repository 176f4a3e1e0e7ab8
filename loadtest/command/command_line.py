"""The command line of the comparison: its options, their meaning and their defaults."""

import argparse

from loadtest.command.load_options import add_load_options, add_target_options
from loadtest.command.option_types import between, earlier_report, folder, rates, url, weights
from voting.stores.settings import DATABASE, MONGODB_URL, REDIS_URL

_EPILOG = """\
exit status: 0 if no vote was lost or counted twice and the split matches its configuration,
else 1; 2 if the comparison could not run; 130 if interrupted (the report covers what ran)."""


def new_parser() -> argparse.ArgumentParser:
    """Return the parser; `read_options` makes `Options` of its values."""
    parser = argparse.ArgumentParser(
        prog="compare",
        description="Compare the routes under load and check that every vote counts once.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_target_options(parser)
    add_load_options(parser)
    _add_rate_options(parser)
    _add_check_options(parser)
    _add_report_options(parser)
    return parser


def _add_rate_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("other rates than one").add_argument
    add(
        "--sweep",
        type=rates,
        default=(),
        metavar="RATES",
        help="compare at each of these rates, such as 100,400,2000, instead of at --rate, and show"
        " cost and latency over the rate; without the split",
    )
    add(
        "--ramp",
        action="store_true",
        help="find the highest rate at which each route stays within --p99, instead of comparing"
        " at one rate; starts at --rate, each step lasts a sixth of --duration",
    )
    add(
        "--p99",
        type=between(1, 60_000),
        default=100.0,
        metavar="MS",
        help="for --ramp: time within which 99 %% of the votes must be answered (default: 100)",
    )


def _add_check_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("checks").add_argument
    add(
        "--weights",
        type=weights,
        default="50:50",
        metavar="GRPC:HTTP",
        help="configured weights of the splitter (default: 50:50)",
    )
    add(
        "--fresh-connections",
        type=between(0, 1),
        default=0.25,
        metavar="SHARE",
        help="share of the votes in the split that have a connection of their own; the split is"
        " tested separately for them and for the others (default: %(default)g)",
    )
    add(
        "--alone",
        action="store_true",
        help="nobody else is voting: treat any other vote in the vote log as a failure",
    )
    add(
        "--mongodb-url",
        default=MONGODB_URL,
        metavar="URL",
        help="MongoDB with the vote log (default: %(default)s)",
    )
    add(
        "--mongodb-database",
        default=DATABASE,
        metavar="NAME",
        help="database of the vote log (default: %(default)s)",
    )
    add(
        "--redis-url",
        default=REDIS_URL,
        metavar="URL",
        help="Redis with the tally (default: %(default)s)",
    )
    add(
        "--prometheus",
        type=url,
        default="http://127.0.0.1:9090",
        metavar="URL",
        help="source of processor time, memory and batch sizes; if unreachable, they are left"
        " out (default: %(default)s)",
    )
    add(
        "--catch-up",
        type=between(0.1, 3600),
        default=30.0,
        metavar="SECONDS",
        help="how long to wait for the consumer while it makes no progress (default: 30)",
    )


def _add_report_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("report").add_argument
    add(
        "--output",
        type=folder,
        metavar="DIR",
        help="folder for report.html and report.json (default: reports/ plus the time)",
    )
    add(
        "--compare",
        type=earlier_report,
        metavar="FILE",
        help="earlier report.json: show what has changed since, and what is within noise",
    )
    add(
        "--markdown",
        action="store_true",
        help="print the result as Markdown, for a pull request; all other output goes to standard"
        " error",
    )
