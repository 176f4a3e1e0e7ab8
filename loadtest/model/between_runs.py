"""How much runs of the same code differ, which a single run cannot show.

The phases of a run share its few minutes: what else the machine does then, its caches. What they
share is not in their spread, so two runs of the same code differ by more than their intervals
suggest. By what factor was measured. It is about the same for runs of 8 s and of 32 s per route,
though the spread itself is not, so it serves for other durations and machines, too.
"""

from typing import Final

import msgspec

FALSE_ALARMS: Final = 0.05
"""The share of reports that may have a false alarm, at most."""

TRIAL: Final = "26 runs in a row on a shared two-core machine, 2026-11-29"


class Excess(msgspec.Struct, frozen=True):
    """How many times more runs differ than the spread of their phases suggests.

    `route` is for a route's own figure, `ratio` for the ratio of the two routes, in which much of
    what affects both in a run cancels out.
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
"""By title of the figure; docs/decisions/comparison.md explains how they were chosen."""
