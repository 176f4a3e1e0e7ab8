"""The candidates side by side: each from the phases in which it was alone; what changed since."""

from collections.abc import Callable
from typing import Final

import msgspec

from loadtest.model.candidate import Candidate
from loadtest.model.estimate import Estimate


class RouteSummary(msgspec.Struct, frozen=True):
    """One candidate alone. Estimates are from its phases, one measurement each.

    `cpu_us_per_vote` is the processor time of its own processes (see `ProcessCost`);
    `votes_per_batch` how many votes it wrote to Kafka together; `visible_p50` and `visible_p99` ms
    from the acknowledgement until the tally had it. `curve` has (percentile, ms) points, each the
    geometric mean of the phases' percentiles as `p50` to `p999` are, so that picture and table show
    one value; empty in reports before version 3.
    """

    phases: int
    requests: int
    accepted: int
    errors: int
    accepted_per_second: Estimate | None
    p50: Estimate | None
    p90: Estimate | None
    p99: Estimate | None
    p999: Estimate | None
    cpu_us_per_vote: Estimate | None
    votes_per_batch: Estimate | None
    visible_p50: Estimate | None
    visible_p99: Estimate | None
    curve: list[tuple[float, float]] = []


class ProcessCost(msgspec.Struct, frozen=True):
    """What one process costs: microseconds of processor time per accepted vote, by candidate.

    `owners` are the candidates of this process; it is empty for one that serves all. `idle_cores`
    is what an owned process uses while other candidates have all votes: part of its cost, whatever
    the load. `memory_bytes` is resident memory at its highest; `instances` how
    many processes of it there were at most, None when that is not known.
    """

    us_per_vote: dict[Candidate, Estimate]
    idle_cores: float | None
    memory_bytes: float
    owners: list[Candidate] = []
    instances: int | None = None


class Ratios(msgspec.Struct, frozen=True):
    """The figure of one candidate over another's, from pairs of neighbouring phases.

    `low` and `high` of each are its 95 % interval. None where it was not measured on both.
    """

    cpu_us_per_vote: Estimate | None
    p50: Estimate | None
    p90: Estimate | None
    p99: Estimate | None
    accepted_per_second: Estimate | None
    visible_p50: Estimate | None
    visible_p99: Estimate | None


class ComparedPair(msgspec.Struct, frozen=True):
    """Two candidates, and the figures of `of` over those of `to`."""

    of: Candidate
    to: Candidate
    ratios: Ratios


type OfRoute = Callable[[RouteSummary], Estimate | None]
type OfRatios = Callable[[Ratios], Estimate | None]

FIGURES: Final[tuple[tuple[str, OfRoute, OfRatios | None], ...]] = (
    ("accepted per second", lambda r: r.accepted_per_second, lambda r: r.accepted_per_second),
    ("CPU per vote, µs", lambda r: r.cpu_us_per_vote, lambda r: r.cpu_us_per_vote),
    ("p50, ms", lambda r: r.p50, lambda r: r.p50),
    ("p90, ms", lambda r: r.p90, lambda r: r.p90),
    ("p99, ms", lambda r: r.p99, lambda r: r.p99),
    ("p99.9, ms", lambda r: r.p999, None),
    ("in the tally p50, ms", lambda r: r.visible_p50, lambda r: r.visible_p50),
    ("in the tally p99, ms", lambda r: r.visible_p99, lambda r: r.visible_p99),
    ("votes per Kafka batch", lambda r: r.votes_per_batch, None),
)
"""Each figure: its title, how to read it from a candidate, and from ratios if they have it."""


class SideBySide(msgspec.Struct, frozen=True):
    """The candidates, each alone in turn (A B B A), and the ratios of each two."""

    routes: dict[Candidate, RouteSummary]
    pairs: list[ComparedPair]
    processes: dict[str, ProcessCost]


class Change(msgspec.Struct, frozen=True):
    """One figure in two reports. `factor` is new over old, with its 95 % interval.

    The interval is the phases' spread, widened for what the phases of a run share. `p` is the
    chance of so large a difference without any change, corrected for the number of figures
    (Holm); `changed` says whether it is below 0.05, so one report in twenty at most has a false
    alarm.
    """

    figure: str
    of: str
    old: Estimate
    new: Estimate
    factor: Estimate
    p: float
    changed: bool


class Changes(msgspec.Struct, frozen=True):
    """What changed since the report of `since` (Unix time).

    `unlike` names every difference of the set-up, `uncompared` the figures that could not be
    compared, and why.
    """

    since: float
    unlike: list[str]
    uncompared: list[str]
    changes: list[Change]
