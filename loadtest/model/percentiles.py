"""Percentiles of samples: nearest-rank, in every figure and plot."""

import math
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_CURVE_POINTS: Final = 120
_ALMOST: Final = 1e-6  # 99.9 % of 1,000 samples are 999 of them, also in floating-point numbers


def percentile(ordered: NDArray[np.floating] | Sequence[float], percent: float) -> float:
    """Return the smallest of the ascending samples that at least `percent` % do not exceed.

    The nearest-rank method: always a value that was measured. There must be a sample.
    """
    rank = math.ceil(percent * len(ordered) / 100 - _ALMOST)
    return float(ordered[max(rank, 1) - 1])


def percentile_of(samples: Iterable[float], percent: float) -> float | None:
    """Return the percentile of samples in any order; None when there are no samples."""
    ordered = sorted(samples)
    return percentile(ordered, percent) if ordered else None


def percentile_if_beyond(ordered: NDArray[np.floating], percent: float) -> float | None:
    """Return the percentile when at least one sample in expectation lies beyond it, else None.

    Of 99 samples the 99th percentile would be the slowest of them, whatever it was.
    """
    enough = len(ordered) * (100 - percent) >= 100 - _ALMOST
    return percentile(ordered, percent) if enough else None


def curve(phases: Sequence[NDArray[np.floating]]) -> list[tuple[float, float]]:
    """Return (percentile, ms) points for drawing, of the ascending samples of one or more phases.

    Each is the geometric mean of the phases' percentiles, like the figures in the table. It ends
    where the phase with the fewest samples has none beyond. Empty when a phase has no sample.
    """
    fewest = min(map(len, phases), default=0)
    if fewest == 0:
        return []
    # Evenly spaced "nines": each step towards 100 % is as long as the one before.
    nines = np.linspace(0, max(np.log10(fewest), 0.3), _CURVE_POINTS)
    percents = [float(percent) for percent in 100 * (1 - 10.0**-nines)]
    return [
        (round(percent, 6), _geometric_mean([percentile(phase, percent) for phase in phases]))
        for percent in percents
    ]


def _geometric_mean(values: Sequence[float]) -> float:
    if len(values) == 1 or min(values) <= 0:
        return float(np.mean(values))
    return float(np.exp(np.mean(np.log(values))))
