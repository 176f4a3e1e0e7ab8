"""The command line of the comparison: its options, their meaning and their defaults."""

import argparse

from loadtest.arrivals import Pattern
from loadtest.option_types import between, earlier_report, folder, url, weights, whole_number
from loadtest.phase import MAX_PROCESSES, MAX_RATE, MAX_ROUNDS, MAX_SECONDS, MAX_USERS

_EPILOG = """\
exit status: 0 nothing was lost or counted twice and the split is as configured; 1 otherwise;
2 the comparison could not be run as asked; 130 interrupted, the report covers what ran."""


def new_parser() -> argparse.ArgumentParser:
    """Return the parser; its values are those of `Options`, before they are put together."""
    parser = argparse.ArgumentParser(
        prog="compare",
        description="Compare the two routes under load, and check that every vote counts once.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_load_options(parser)
    _add_ramp_options(parser)
    _add_check_options(parser)
    _add_report_options(parser)
    return parser


def _add_load_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("load").add_argument
    add(
        "--target",
        type=url,
        default="http://127.0.0.1:8080",
        metavar="URL",
        help="where votes are sent to (default: %(default)s)",
    )
    add(
        "--duration",
        type=between(1, MAX_SECONDS),
        default=60.0,
        metavar="SECONDS",
        help="how long each route is measured alone, all its phases together; the split has half"
        " of it (default: 60)",
    )
    add(
        "--rounds",
        type=whole_number(MAX_ROUNDS),
        metavar="N",
        help="how often the routes take turns as gRPC, HTTP, HTTP, gRPC within the duration; more"
        " rounds, narrower intervals (default: 1 to 6 by the duration)",
    )
    add(
        "--warm-up",
        type=between(0, 60),
        default=1.0,
        metavar="SECONDS",
        help="before each phase, not in its figures; three times that before each route's first"
        " one (default: 1)",
    )
    add(
        "--rate",
        type=between(0.1, MAX_RATE),
        default=400.0,
        metavar="N",
        help="votes per second, whatever the answers take (default: 400)",
    )
    add(
        "--users",
        type=whole_number(MAX_USERS),
        default=64,
        metavar="N",
        help="connections, so votes under way at a time, at most (default: %(default)s)",
    )
    add(
        "--processes",
        type=whole_number(MAX_PROCESSES),
        default=1,
        metavar="N",
        help="processes that send the votes, when one has not enough of one core (default: 1)",
    )
    add(
        "--arrivals",
        choices=list(Pattern),
        default=Pattern.POISSON,
        help="poisson: like independent people (default); constant: evenly spaced; closed: each"
        " user as fast as the answers come, --rate does not count",
    )
    add(
        "--timeout",
        type=between(0.1, 120),
        default=10.0,
        metavar="SECONDS",
        help="how long a vote waits for its answer (default: 10)",
    )
    add(
        "--ids",
        choices=["client", "service"],
        default="client",
        help="who makes the votes' ids: with the service's, a vote that timed out cannot be looked"
        " up (default: client)",
    )
    add("--seed", type=int, metavar="N", help="draws the same albums, ranks and gaps again")


def _add_ramp_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("ramp").add_argument
    add(
        "--ramp",
        action="store_true",
        help="instead of comparing at one rate, find each route's highest rate that keeps --p99,"
        " beginning at --rate; each step lasts a sixth of --duration",
    )
    add(
        "--p99",
        type=between(1, 60_000),
        default=100.0,
        metavar="MS",
        help="within which 99 %% of the votes must be answered in the ramp (default: 100)",
    )


def _add_check_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("checks").add_argument
    add(
        "--weights",
        type=weights,
        default="50:50",
        metavar="GRPC:HTTP",
        help="how the splitter is set (default: 50:50)",
    )
    add(
        "--fresh-connections",
        type=between(0, 1),
        default=0.25,
        metavar="SHARE",
        help="of the users in the split open a connection for each vote: the split is tested for"
        " them and for the others (default: %(default)g)",
    )
    add(
        "--alone",
        action="store_true",
        help="nobody else votes meanwhile: any other vote in the log is a fault",
    )
    add(
        "--mongodb-url",
        default="mongodb://127.0.0.1:27017",
        metavar="URL",
        help="the vote log (default: %(default)s)",
    )
    add(
        "--mongodb-database",
        default="voting",
        metavar="NAME",
        help="its database (default: %(default)s)",
    )
    add(
        "--redis-url",
        default="redis://127.0.0.1:6379/0",
        metavar="URL",
        help="the tally (default: %(default)s)",
    )
    add(
        "--prometheus",
        type=url,
        default="http://127.0.0.1:9090",
        metavar="URL",
        help="for processor time, memory and batches of every process; without it they are left"
        " out (default: %(default)s)",
    )
    add(
        "--catch-up",
        type=between(0.1, 3600),
        default=30.0,
        metavar="SECONDS",
        help="how long to wait for the consumer without seeing progress (default: 30)",
    )


def _add_report_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("report").add_argument
    add(
        "--output",
        type=folder,
        metavar="DIR",
        help="for report.html and report.json (default: reports/ and the time)",
    )
    add(
        "--compare",
        type=earlier_report,
        metavar="FILE",
        help="an earlier report.json: say what changed since, and what is within noise",
    )
    add(
        "--markdown",
        action="store_true",
        help="print the result as Markdown, for a pull request; all else goes to standard error",
    )
