"""Figures from repeated phases, with the interval that their spread gives.

Every figure here is positive and its errors multiply rather than add (a machine that is 10 %
slower is so for small and large values), so means and intervals are taken of logarithms.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist, fmean, stdev
from typing import Final

import msgspec

CONFIDENCE: Final = 0.95

_T: Final = (12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281)
_SIMPSON: Final = 2000  # steps, an even number


class Estimate(msgspec.Struct, frozen=True):
    """The geometric mean of `repeats` measurements, and its 95 % interval.

    `low` and `high` are None after a single measurement, which says nothing of its own error.
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
    """Return the ratio of paired measurements: `of[n]` was measured right beside `to[n]`.

    What both have in common, such as a machine that was busy just then, cancels out. A
    measurement without a partner is left out.
    """
    pairs = list(zip(of, to, strict=False))
    if any(one <= 0 or other <= 0 for one, other in pairs):
        return None
    return estimate([one / other for one, other in pairs])


def two_sided_p(t: float, freedom: float) -> float:
    """Return how likely Student's t is at least so far from 0, on either side, by chance.

    With t = sqrt(freedom) * tan(angle) the density becomes a power of the angle's cosine
    (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3), which Simpson's rule
    integrates well. `freedom` is at least 1 and need not be whole.
    """
    start = math.atan(abs(t) / math.sqrt(freedom))
    width = (math.pi / 2 - start) / _SIMPSON
    heights = [math.pow(math.cos(start + n * width), freedom - 1) for n in range(_SIMPSON)]
    last = 1.0 if freedom == 1 else 0.0  # cos(pi / 2), without its rounding error
    tail = width / 3 * (heights[0] + 4 * sum(heights[1::2]) + 2 * sum(heights[2::2]) + last)
    whole = (
        math.sqrt(math.pi) / 2 * math.exp(math.lgamma(freedom / 2) - math.lgamma((freedom + 1) / 2))
    )
    return min(1.0, tail / whole)


def t_quantile(freedom: int) -> float:
    """Return the 97.5 % quantile of Student's distribution with these degrees of freedom.

    From a table; beyond it by the expansion of Cornish and Fisher (Abramowitz and Stegun, Handbook
    of Mathematical Functions, 26.7.5), which is right to four digits there.
    """
    if freedom <= len(_T):
        return _T[freedom - 1]
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )
