"""How long accepted votes took from their acknowledgement until the tally had them."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from loadtest.driver.samples import ROUTES, Samples
from loadtest.measure.tally_watch import Reading
from loadtest.model.answer import Outcome
from loadtest.model.findings import Delay
from loadtest.model.percentiles import percentile, percentile_if_beyond
from voting.domain.vote import Route

_SHORTEST_MS: Final = 1.0  # the tally may have a vote before its voter has the answer


def visible_after(
    phases: Sequence[tuple[float, Samples]], readings: Sequence[Reading]
) -> list[dict[Route, Delay]]:
    """Return for each phase (its start in Unix time, its samples) the delays of its votes.

    Votes are counted, not looked up: the k-th acknowledged vote of a route is taken as visible
    when the tally has k votes of that route more than in the first reading. That is right as long
    as nobody else votes, and costs the system next to nothing.
    """
    found: list[dict[Route, Delay]] = [{} for _ in phases]
    times = np.array([reading.at for reading in readings])
    for route in Route:
        counts = np.array([reading.votes[route] for reading in readings])
        counted = np.maximum.accumulate(counts - counts[0])  # an emptied tally starts at 0 again
        for number, delays in enumerate(_delays(phases, route, times, counted)):
            if len(delays):
                found[number][route] = Delay(
                    votes=len(delays),
                    p50=percentile(delays, 50),
                    p99=percentile_if_beyond(delays, 99),
                    max=float(delays[-1]),
                )
    return found


def _delays(
    phases: Sequence[tuple[float, Samples]],
    route: Route,
    times: NDArray[np.float64],
    counted: NDArray[np.int64],
) -> list[NDArray[np.float64]]:
    """Return the ascending delays in ms of each phase's measured votes."""
    own = [_of(samples, route) for _, samples in phases]
    starts = [start for start, _ in phases]
    acknowledged = np.concatenate(
        [start + v["at"] + v["latency"] for start, v in zip(starts, own, strict=True)]
    )
    phase = np.repeat(np.arange(len(own)), [len(votes) for votes in own])
    measured = np.concatenate([votes["at"] >= 0 for votes in own])
    order = np.argsort(acknowledged, kind="stable")
    reading = np.searchsorted(counted, np.arange(1, len(order) + 1))
    seen = reading < len(times)  # the reconciliation reports votes that no reading has
    order, reading = order[seen], reading[seen]
    delays = np.maximum(1000.0 * (times[reading] - acknowledged[order]), _SHORTEST_MS)
    return [
        np.sort(delays[(phase[order] == number) & measured[order]]) for number in range(len(own))
    ]


def _of(samples: Samples, route: Route) -> Samples:
    accepted: Samples = samples[
        (samples["outcome"] == Outcome.ACCEPTED) & (samples["route"] == ROUTES.index(route))
    ]
    return accepted
