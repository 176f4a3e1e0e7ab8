"""Figures from repeated phases, with the interval that their spread gives.

Every figure here is positive and its errors multiply rather than add (a slower machine makes small
and large values longer by the same share), so means and intervals are taken of logarithms.
"""

import math
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Final

import msgspec
from scipy import special

CONFIDENCE: Final = 0.95


class Estimate(msgspec.Struct, frozen=True):
    """The geometric mean of `repeats` measurements, and its 95 % interval.

    `low` and `high` are None after a single measurement, which says nothing about its error.
    """

    value: float
    low: float | None
    high: float | None
    repeats: int

    @property
    def standard_error(self) -> float | None:
        """The standard error of the value's logarithm; None after a single measurement."""
        if self.low is None or self.high is None:
            return None
        return math.log(self.high / self.low) / 2 / t_quantile(self.repeats - 1)

    def excludes(self, value: float) -> bool:
        """Return whether a value can be ruled out with the interval's confidence."""
        return self.low is not None and self.high is not None and not self.low <= value <= self.high


def estimate(values: Sequence[float]) -> Estimate | None:
    """Return the estimate from these measurements; None when there is none or one is not positive.

    The interval is Student's: it is wide after few measurements, as it must be.
    """
    if not values or min(values) <= 0:
        return None
    logs = [math.log(value) for value in values]
    centre = fmean(logs)
    if len(logs) == 1:
        return Estimate(values[0], None, None, 1)
    half = t_quantile(len(logs) - 1) * stdev(logs) / math.sqrt(len(logs))
    return Estimate(math.exp(centre), math.exp(centre - half), math.exp(centre + half), len(logs))


def ratio(of: Sequence[float], to: Sequence[float]) -> Estimate | None:
    """Return the ratio of paired measurements: `of[n]` was measured next to `to[n]`.

    What both have in common, such as a machine that was busy just then, cancels out. A
    measurement without a partner is left out.
    """
    pairs = list(zip(of, to, strict=False))
    if any(one <= 0 or other <= 0 for one, other in pairs):
        return None
    return estimate([one / other for one, other in pairs])


def two_sided_p(t: float, freedom: float) -> float:
    """Return the probability that Student's t is at least this far from 0, on either side.

    `freedom` (degrees of freedom) is at least 1 and need not be whole.
    """
    return float(2 * special.stdtr(freedom, -abs(t)))


def t_quantile(freedom: int) -> float:
    """Return the 97.5 % quantile of Student's distribution with these degrees of freedom."""
    return float(special.stdtrit(freedom, (1 + CONFIDENCE) / 2))
