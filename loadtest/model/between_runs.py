"""How far runs of the same code lie apart: what no single run can know of itself.

The phases of a run share its minutes: its machine's mood, its neighbours, its caches. What all of
them have in common is not in their spread, so two runs of the same code differ by more than their
intervals say. By how many times was measured. It is much the same for runs of 8 and of 32 s a
route, though the spread itself is not, so it serves for other durations and machines as well.
"""

from typing import Final

import msgspec

FALSE_ALARMS: Final = 0.05
"""In so many reports, at most, is anything called changed where nothing did."""

TRIAL: Final = "26 runs in a row on a shared two-core machine, 2026-11-29"


class Excess(msgspec.Struct, frozen=True):
    """By how many times runs lie further apart than the spread of their phases says.

    `route` is for a route's own figure, `ratio` for the two routes' ratio, in which much of what a
    run's moment does to both cancels out.
    """

    route: float
    ratio: float


_LATENCY: Final = Excess(route=2.6, ratio=1.6)
_VISIBLE: Final = Excess(route=2.4, ratio=1.3)

EXCESS: Final = {
    "accepted per second": Excess(route=1.0, ratio=1.0),
    "CPU per vote, µs": Excess(route=2.1, ratio=1.2),
    "p50, ms": _LATENCY,
    "p90, ms": _LATENCY,
    "p99, ms": _LATENCY,
    "p99.9, ms": _LATENCY,
    "in the tally p50, ms": _VISIBLE,
    "in the tally p99, ms": _VISIBLE,
    "votes per Kafka batch": Excess(route=1.9, ratio=1.0),
}
"""By the title of a figure; how they were chosen is in docs/decisions/comparison.md."""
