"""The options that say which load the comparison sends."""

import argparse

from loadtest.command.option_types import between, url, whole_number
from loadtest.model.arrivals import Pattern
from loadtest.model.phase import MAX_PROCESSES, MAX_RATE, MAX_ROUNDS, MAX_SECONDS, MAX_USERS


def add_load_options(parser: argparse.ArgumentParser) -> None:
    """Add them to the parser."""
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
        type=str.lower,
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
        type=str.lower,
        choices=["client", "service"],
        default="client",
        help="who makes the votes' ids: with the service's, a vote that timed out cannot be looked"
        " up (default: client)",
    )
    add("--seed", type=int, metavar="N", help="draws the same albums, ranks and gaps again")
