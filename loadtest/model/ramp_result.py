"""What a ramp found: a part of the report."""

import msgspec

from voting.domain.vote import Route


class RampStep(msgspec.Struct, frozen=True):
    """One rate tried. `p99` is in ms, None without an accepted vote; `limited`: see `Generator`."""

    route: Route
    rate: float
    accepted_per_second: float
    p99: float | None
    passed: bool
    limited: bool


class Ramp(msgspec.Struct, frozen=True):
    """What the ramp found for each route: the highest rate that passed, the lowest that failed.

    A rate passes when 99 % of the votes due are sent and accepted, and 99 % of those within `bound`
    ms. It has failed when it did not pass twice. `generator_limited` names the routes whose failing
    rate says nothing about them because the load generator itself was late: they sustain at least
    what passed.
    """

    bound: float
    passed: dict[Route, float]
    failed: dict[Route, float]
    generator_limited: list[Route]
    steps: list[RampStep]
