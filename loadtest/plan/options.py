"""The options of a comparison."""

from pathlib import Path

import msgspec

from loadtest.model.arrivals import Pattern
from loadtest.model.candidate import Candidate
from loadtest.model.report import Report
from voting.domain.vote import Route


class Options(msgspec.Struct, frozen=True):
    """The options of a comparison; times in seconds. `weights` are the splitter's, by route.

    `poll` is the poll to vote in, empty for the open poll. `voters` is how many people vote there
    with tokens, None in a poll without voters; `voter_key` is the number of the tokens' key.
    `seconds` is the time that each candidate is measured alone, in all phases of the `rounds`
    together, in a sweep at each of its rates; the split takes half of it. `sweep` has the rates of
    a sweep, in ascending order, otherwise none. `ramp` is the bound of the 99th percentile in ms
    when rates are searched, else None. `earlier` is the report to compare with, if any.
    """

    target: str
    candidates: tuple[Candidate, ...]
    poll: str
    voters: int | None
    voter_key: int
    seconds: float
    rounds: int
    warm_up: float
    pattern: Pattern
    rate: float
    users: int
    processes: int
    timeout: float
    weights: dict[Route, float]
    client_ids: bool
    fresh_share: float
    alone: bool
    mongodb_url: str
    mongodb_database: str
    redis_url: str
    prometheus: str
    catch_up: float
    output: Path
    seed: int
    ramp: float | None
    sweep: tuple[float, ...]
    earlier: Report | None
    markdown: bool
