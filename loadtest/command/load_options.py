"""The options for the load that the comparison sends."""

import argparse

from loadtest.command.option_types import between, candidates, slug, url, whole_number
from loadtest.model.arrivals import Pattern
from loadtest.model.phase import (
    MAX_PROCESSES,
    MAX_RATE,
    MAX_ROUNDS,
    MAX_SECONDS,
    MAX_USERS,
    MAX_VOTERS,
)
from voting.voters.keys import KEY_NUMBER_MAX


def add_target_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for what is voted on, and where."""
    add = parser.add_argument_group("target").add_argument
    add(
        "--target",
        type=url,
        default="http://127.0.0.1:8080",
        metavar="URL",
        help="where to send votes (default: %(default)s)",
    )
    add(
        "--candidates",
        type=candidates,
        default="grpc,http",
        metavar="NAMES",
        help="what to compare: two or three of grpc, http and grpc-unary, the gRPC route with a"
        " call for each vote, which must be deployed besides (docs/comparison.md; default:"
        " %(default)s)",
    )
    add(
        "--poll",
        type=slug,
        metavar="ID",
        help="poll to vote in, which must be open (default: the open poll, with any album)",
    )
    add(
        "--voters",
        type=whole_number(MAX_VOTERS),
        metavar="N",
        help="how many voters there are, in a poll that needs their tokens; each vote is another"
        " one's, so give at least as many as votes. The tokens are made with VOTER_KEYS from the"
        " environment",
    )
    add(
        "--voter-key",
        type=whole_number(KEY_NUMBER_MAX),
        default=1,
        metavar="NUMBER",
        help="the number of the poll's key in VOTER_KEYS (default: %(default)s)",
    )


def add_load_options(parser: argparse.ArgumentParser) -> None:
    """Add these options to a parser."""
    add = parser.add_argument_group("load").add_argument
    add(
        "--duration",
        type=between(1, MAX_SECONDS),
        default=60.0,
        metavar="SECONDS",
        help="how long each candidate is measured alone, in all its phases together, with --sweep"
        " at each rate; the split takes half as long (default: 60)",
    )
    add(
        "--rounds",
        type=whole_number(MAX_ROUNDS),
        metavar="N",
        help="rounds of gRPC, HTTP, HTTP, gRPC within the duration; more rounds give narrower"
        " intervals (default: 1 to 6, depending on the duration)",
    )
    add(
        "--warm-up",
        type=between(0, 60),
        default=1.0,
        metavar="SECONDS",
        help="warm-up before each phase, excluded from its figures; three times as long before"
        " each route's first phase (default: 1)",
    )
    add(
        "--rate",
        type=between(0.1, MAX_RATE),
        default=400.0,
        metavar="N",
        help="votes per second, regardless of response times (default: 400)",
    )
    add(
        "--users",
        type=whole_number(MAX_USERS),
        default=64,
        metavar="N",
        help="connections, and so the most votes in flight (default: %(default)s)",
    )
    add(
        "--processes",
        type=whole_number(MAX_PROCESSES),
        default=1,
        metavar="N",
        help="processes that send votes, for when one core is not enough (default: 1)",
    )
    add(
        "--arrivals",
        type=str.lower,
        choices=list(Pattern),
        default=Pattern.POISSON,
        help="poisson: like independent voters (default); constant: evenly spaced; closed: each"
        " user sends as soon as it has a response, ignoring --rate",
    )
    add(
        "--timeout",
        type=between(0.1, 120),
        default=10.0,
        metavar="SECONDS",
        help="how long to wait for a response (default: 10)",
    )
    add(
        "--ids",
        type=str.lower,
        choices=["client", "service"],
        default="client",
        help="who generates the votes' ids; if the service does, votes that time out cannot be"
        " looked up (default: client)",
    )
    add("--seed", type=int, metavar="N", help="seed, to repeat the same albums, ranks and gaps")
