"""The series of a phase: its figures over time."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from loadtest.driver.samples import ROUTES, Samples
from loadtest.model.answer import Outcome
from loadtest.model.findings import Series
from loadtest.model.percentiles import percentile_if_beyond

_MAX_STEPS: Final = 240  # of one phase: more would be invisible and make the report large


def time_series(measured: Samples, seconds: float) -> Series:
    """Return a phase in steps of whole seconds; an incomplete last step is left out."""
    step = max(1, math.ceil(seconds / _MAX_STEPS))
    steps = int(seconds / step + 1e-6)
    accepted = measured["outcome"] == Outcome.ACCEPTED
    routes = [route for route in ROUTES if route is not None]
    by_route = {
        route: measured[accepted & (measured["route"] == ROUTES.index(route))] for route in routes
    }
    return Series(
        step=float(step),
        accepted={route: _per_second(votes, step, steps) for route, votes in by_route.items()},
        errors=_per_second(measured[~accepted], step, steps),
        p99={route: _p99(votes, step, steps) for route, votes in by_route.items()},
    )


def _step_of(votes: Samples, step: int) -> NDArray[np.intp]:
    # By the time of the answer, not of the start: what was accepted in that second.
    index: NDArray[np.intp] = ((votes["at"] + votes["latency"]) / step).astype(np.intp)
    return index


def _per_second(votes: Samples, step: int, steps: int) -> list[float]:
    counts = np.bincount(_step_of(votes, step), minlength=steps)[:steps]
    return [float(count) / step for count in counts]


def _p99(votes: Samples, step: int, steps: int) -> list[float | None]:
    index = _step_of(votes, step)
    values: list[float | None] = []
    for number in range(steps):
        of_step = votes["latency"][index == number] * 1000.0
        values.append(percentile_if_beyond(np.sort(of_step), 99))
    return values
