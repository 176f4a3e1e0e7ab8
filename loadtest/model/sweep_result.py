"""What a sweep found: a part of the report."""

import msgspec

from loadtest.model.candidate import Candidate
from loadtest.model.side_by_side import SideBySide


class SweepPoint(msgspec.Struct, frozen=True):
    """One rate, with the candidates that reached it. `late`: the load generator was, in a phase."""

    rate: float
    late: bool
    side_by_side: SideBySide


class Unreached(msgspec.Struct, frozen=True):
    """A rate that a candidate did not reach, with which the sweep ended for it.

    `accepted_share` is the part of the votes due that was accepted, at most, in the phases that
    failed; it is not what the candidate can bear, as queues take their part. `saturated`: the load
    generator used its whole core, so the limit may be its own. `late`: it was late, so the limit
    may be the machine's.
    """

    candidate: Candidate
    rate: float
    accepted_share: float
    saturated: bool
    late: bool


class Sweep(msgspec.Struct, frozen=True):
    """The candidates side by side at each rate, in ascending order, and where it ended for whom.

    A phase fails when less than 99 % of the votes due were accepted, or when the load generator
    used more than 90 % of a core. A rate is not reached when two phases of the candidate failed.
    """

    points: list[SweepPoint]
    unreached: list[Unreached]
