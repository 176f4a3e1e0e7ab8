"""The messages between the comparison and its driver processes: a phase and its result."""

import msgspec

from loadtest.model.arrivals import Pattern
from loadtest.model.candidate import Candidate
from loadtest.model.catalogue import Catalogue

MAX_SECONDS = 3600.0
MAX_PROCESSES = 64
MAX_ROUNDS = 100
MAX_RATE = 20_000.0
MAX_USERS = 5_000
MAX_VOTERS = 1_000_000_000
MAX_VOTES = 5_000_000  # of one phase, whatever its rate


class Voters(msgspec.Struct, frozen=True, kw_only=True):
    """Who votes in a poll that needs voters' tokens, of its `scope` and under the key `key`.

    Each has `votes` votes or, with `per_entry`, one for each entry, and casts one of these then.
    `ballots` is how many votes they may cast together. `run` is 6 random bytes in hexadecimal,
    other ones in each phase, so that nobody has voted before.
    """

    scope: str
    key: int
    votes: int
    per_entry: bool
    ballots: int
    run: str = ""


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch of load.

    `forced` is the candidate that every vote asks for, None to leave it to the splitter. Times in
    seconds; `timeout` is how long one vote waits for its answer. With `client_ids` every vote
    carries an id of the client, otherwise the service makes one. `samples` is the file to write.
    `fresh_share` of the votes, chosen at random, have a connection of their own; the others go over
    the one that their user keeps.
    `offset` delays the schedule: drivers that share constant arrivals send in turns. Votes are for
    the albums of `catalogue`, None for those that come with the driver. In a poll with voters each
    vote is one of `voters`.
    """

    name: str
    target: str
    forced: Candidate | None
    pattern: Pattern
    rate: float
    users: int
    warm_up: float
    seconds: float
    timeout: float
    seed: int
    client_ids: bool
    fresh_share: float
    samples: str
    offset: float = 0.0
    catalogue: Catalogue | None = None
    voters: Voters | None = None


class PhaseReady(msgspec.Struct, frozen=True, tag=True):
    """All users of the phase are ready; the driver waits for the line `begin`."""


class PhaseProgress(msgspec.Struct, frozen=True, tag=True):
    """How far a phase is: `at` in seconds since the start of the measurement, votes so far."""

    at: float
    sent: int
    accepted: int
    failed: int


class PhaseResult(msgspec.Struct, frozen=True, tag=True):
    """The end of a phase, as the driver saw it.

    `started` is the start of the measurement in Unix time and `seconds` its length, shorter than
    asked for when `interrupted`. `cpu_seconds` is the processor time that the driver process used
    during the measurement, of which it can have one core; of several drivers the busiest one's.
    `unsent` votes were due but found every user busy until the end. `kinds`: see `SampleWriter`.
    """

    started: float
    seconds: float
    cpu_seconds: float
    unsent: int
    interrupted: bool
    kinds: list[str]


type Message = PhaseReady | PhaseProgress | PhaseResult
