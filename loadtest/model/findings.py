"""What a comparison measured in its phases: parts of the report, as `report` describes it."""

from enum import StrEnum
from typing import Final

import msgspec

from loadtest.model.candidate import Candidate
from voting.domain.vote import Route


class Latency(msgspec.Struct, frozen=True):
    """Latency of accepted votes, in ms. A percentile is None when no sample lies beyond it.

    `curve` has (percentile, ms) points for drawing.
    """

    mean: float
    p50: float
    p90: float | None
    p99: float | None
    p999: float | None
    max: float
    curve: list[tuple[float, float]]


class RouteFigures(msgspec.Struct, frozen=True):
    """One route's part of a phase. `share` is its part of all answers that name a route."""

    requests: int
    share: float
    accepted: int
    accepted_per_second: float
    latency: Latency | None


class ErrorCount(msgspec.Struct, frozen=True):
    """Votes of a phase that were not accepted for the same reason; `route` None: not known.

    `outcome` is "refused" (does not count) or "unknown" (may count).
    """

    kind: str
    route: Route | None
    outcome: str
    count: int


class Series(msgspec.Struct, frozen=True):
    """A phase over time, in steps of `step` seconds.

    By route: accepted votes per second and the 99th percentile of latency in ms, None where there
    were fewer than 100 votes; `errors`: votes per second that were not accepted.
    """

    step: float
    accepted: dict[Route, list[float]]
    errors: list[float]
    p99: dict[Route, list[float | None]]


BUSY: Final = 0.9
"""The share of its core above which a load generator competes with itself."""


class Generator(msgspec.Struct, frozen=True):
    """How well the load generator kept its schedule.

    `cpu_share`: of the one core it can use. `lag_p99` and `lag_max` in ms: from the intended time
    to the sending, for votes that found a free user. `queued`: votes that found every user busy.
    `unsent`: those among them that never got a turn. `limited`: the generator itself was the
    limit, so the figures say more about it than about the system.
    """

    cpu_share: float
    lag_p99: float
    lag_max: float
    queued: int
    unsent: int
    limited: bool


class Delay(msgspec.Struct, frozen=True):
    """Milliseconds from a vote's acknowledgement until the tally had it, of `votes` votes.

    The tally was read every 20 ms, so each delay is too long by up to that; none is below 1. `p99`
    is None when no vote lies beyond it.
    """

    votes: int
    p50: float
    p99: float | None
    max: float


class ProcessUse(msgspec.Struct, frozen=True):
    """What one process used between two readings in a phase, `seconds` apart.

    All pods of a service are one process here. `votes` were accepted meanwhile, by whatever route.
    `memory_bytes` is resident memory at its highest. `votes_per_batch`: how many votes it sent on
    together on average, to Kafka or over gRPC; None when it sends none on.
    `instances`: how many processes, or pods, it was; None in reports before version 3.
    """

    seconds: float
    votes: int
    cpu_seconds: float
    memory_bytes: float
    votes_per_batch: float | None
    instances: int | None = None


class Connection(StrEnum):
    """Whether a vote went over the connection that its user keeps, or over one of its own."""

    KEPT = "kept"
    FRESH = "fresh"


class ConnectionCount(msgspec.Struct, frozen=True):
    """Requests over one kind of connection, and those that each route answered."""

    requests: int
    routes: dict[Route, int]


class PhaseReport(msgspec.Struct, frozen=True):
    """One phase. `forced` had all its votes; None where they were left to the splitter.

    `rate` is the rate asked for, None in a closed loop and in reports before version 4.
    `elsewhere` counts votes of a forced phase that the other route answered.

    `processes` is None when Prometheus did not answer, empty when it had no readings of the phase.
    `visible` is None when it could not be measured, for example because others voted meanwhile.
    """

    name: str
    forced: Candidate | None
    started_at: float
    seconds: float
    requests: int
    warm_up_requests: int
    offered_per_second: float | None
    sent_per_second: float
    accepted_per_second: float
    elsewhere: int
    routes: dict[Route, RouteFigures]
    connections: dict[Connection, ConnectionCount]
    errors: list[ErrorCount]
    series: Series
    generator: Generator
    processes: dict[str, ProcessUse] | None
    visible: dict[Route, Delay] | None
    rate: float | None = None
