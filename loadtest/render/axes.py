"""The axes of a chart: where values lie on them, and which are labelled."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

_MARGIN: Final = 0.05  # of an axis of rates, at both ends


class Axis(msgspec.Struct, frozen=True):
    """One axis. `place` maps a value to 0 (start) .. 1 (end); `ticks` are values with labels."""

    title: str
    ticks: list[tuple[float, str]]
    place: Callable[[float], float]


def linear_axis(title: str, low: float, high: float, label: Callable[[float], str]) -> Axis:
    """Return an axis with about five round ticks."""
    span = (high - low) or 1.0
    step = _round_step(span / 5)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    values = [number * step for number in range(first, last + 1)]
    return Axis(title, [(value, label(value)) for value in values], lambda v: (v - low) / span)


def log_axis(title: str, values: Iterable[float], label: Callable[[float], str]) -> Axis:
    """Return a logarithmic axis around positive values, with ticks at 1, 2 and 5 of each decade.

    Values beyond its ends lie at the end.
    """
    positive = [value for value in values if value > 0] or [1.0]
    low, high = _step_down(min(positive)), _step_up(max(positive))
    start, span = math.log10(low), math.log10(high / low)
    decades = range(math.floor(start), math.ceil(start + span) + 1)
    ticks = [digit * 10.0**decade for decade in decades for digit in (1, 2, 5)]
    if span > 2.5:  # too many labels to read
        ticks = [10.0**decade for decade in decades]
    shown = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
    return Axis(
        title,
        [(tick, label(tick)) for tick in shown],
        lambda value: (math.log10(min(max(value, low), high)) - start) / span,
    )


def rate_axis(title: str, rates: Sequence[float]) -> Axis:
    """Return a logarithmic axis with a tick at each of these rates, and room beside them."""
    lowest, inner = min(rates), 1 - 2 * _MARGIN
    span = math.log(max(rates) / lowest) or 1.0
    return Axis(
        title,
        [(rate, f"{rate:,g}") for rate in rates],
        lambda rate: _MARGIN + inner * math.log(rate / lowest) / span,
    )


def nines_axis(title: str, highest: float) -> Axis:
    """Return an axis of percentiles up to `highest`, with the same width for each further nine."""
    length = max(1.0, -math.log10(1 - min(highest, 99.9999) / 100))
    percents = [0.0, 50.0, 90.0, 99.0, 99.9, 99.99, 99.999]
    ticks = [(p, f"{p:g} %") for p in percents if _nines(p) <= length + 1e-9]
    return Axis(title, ticks, lambda percent: _nines(percent) / length)


def _nines(percent: float) -> float:
    return -math.log10(max(1 - percent / 100, 1e-9))


def _round_step(step: float) -> float:
    size: float = 10.0 ** math.floor(math.log10(step))
    return next(size * factor for factor in (1, 2, 5, 10) if size * factor >= step * 0.999)


def _step_down(value: float) -> float:
    size: float = 10.0 ** math.floor(math.log10(value))
    return max(size * factor for factor in (1, 2, 5) if size * factor <= value * 1.001)


def _step_up(value: float) -> float:
    size: float = 10.0 ** math.floor(math.log10(value))
    return min(size * factor for factor in (2, 5, 10, 20) if size * factor > value * 1.001)
