"""What a ramp found: a part of the report."""

import msgspec

from loadtest.model.candidate import Candidate


class RampStep(msgspec.Struct, frozen=True):
    """One rate tried. `p99` is in ms, None without an accepted vote; `limited`: see `Generator`."""

    route: Candidate
    rate: float
    accepted_per_second: float
    p99: float | None
    passed: bool
    limited: bool


class Ramp(msgspec.Struct, frozen=True):
    """What the ramp found for each candidate: the highest rate that passed, the lowest that failed.

    A rate passes when 99 % of the votes due are sent and accepted, and 99 % of those within `bound`
    ms. It has failed when it did not pass twice. `generator_limited` names those whose failing
    rate says nothing about them because the load generator itself was late: they sustain at least
    what passed.
    """

    bound: float
    passed: dict[Candidate, float]
    failed: dict[Candidate, float]
    generator_limited: list[Candidate]
    steps: list[RampStep]
