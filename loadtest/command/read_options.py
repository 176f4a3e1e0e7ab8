"""Reads `Options` from the command line."""

import time
from collections.abc import Sequence
from pathlib import Path
from random import SystemRandom
from typing import Final

from loadtest.command.command_line import new_parser
from loadtest.command.option_types import folder
from loadtest.model.arrivals import Pattern
from loadtest.model.phase import MAX_VOTES
from loadtest.plan.options import Options

_SHORTEST_SECONDS: Final = 5.0  # of a phase, when the number of rounds is not given
_TWO_ROUNDS_SECONDS: Final = 8.0  # from here on two rounds: a single one gives no interval
_MOST_ROUNDS: Final = 6  # more hardly narrow an interval with 11 degrees of freedom


def read_options(arguments: Sequence[str]) -> Options:
    """Return the options; a wrong one is reported on standard error and exits with status 2."""
    parser = new_parser()
    given = parser.parse_args(arguments)
    highest = max(given.sweep, default=given.rate)
    if highest * (given.warm_up + given.duration) > MAX_VOTES:
        parser.error(f"the rate and --duration: more than {MAX_VOTES:,} votes in one phase")
    if given.users < given.processes:
        parser.error("--users: must be at least --processes")
    if given.ramp and given.arrivals == Pattern.CLOSED:
        parser.error("--ramp: cannot be used with --arrivals closed, which has no rate")
    if given.sweep and given.arrivals == Pattern.CLOSED:
        parser.error("--sweep: cannot be used with --arrivals closed, which has no rate")
    if given.sweep and given.ramp:
        parser.error("--sweep: cannot be used with --ramp, which chooses the rates itself")
    if given.sweep and given.compare:
        parser.error("--sweep: cannot be used with --compare, which compares at one rate")
    if given.voters and not given.poll:
        parser.error("--voters: needs --poll")
    return Options(
        target=given.target.rstrip("/"),
        candidates=given.candidates,
        poll=given.poll or "",
        voters=given.voters,
        voter_key=given.voter_key,
        seconds=given.duration,
        rounds=given.rounds or rounds_for(given.duration),
        warm_up=given.warm_up,
        pattern=Pattern(given.arrivals),
        rate=given.rate,
        users=given.users,
        processes=given.processes,
        timeout=given.timeout,
        weights=given.weights,
        client_ids=given.ids == "client",
        fresh_share=given.fresh_connections,
        alone=given.alone,
        mongodb_url=given.mongodb_url,
        mongodb_database=given.mongodb_database,
        redis_url=given.redis_url,
        prometheus=given.prometheus,
        catch_up=given.catch_up,
        output=given.output or _default_output(),
        seed=given.seed if given.seed is not None else SystemRandom().randrange(1 << 32),
        sweep=given.sweep,
        ramp=given.p99 if given.ramp else None,
        earlier=given.compare,
        markdown=given.markdown,
    )


def rounds_for(seconds: float) -> int:
    """Return how many rounds, each with two phases per candidate, to fit into these seconds.

    Short phases give bad percentiles and coarse processor times; few phases give wide intervals.
    """
    if seconds < _TWO_ROUNDS_SECONDS:
        return 1
    return max(2, min(_MOST_ROUNDS, int(seconds / 2 / _SHORTEST_SECONDS)))


def _default_output() -> Path:
    return folder("reports") / time.strftime("%Y-%m-%d-%H%M%S")
