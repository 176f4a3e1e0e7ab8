"""What each process used during a phase, from Prometheus's readings and the votes' samples."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from loadtest.driver.samples import Samples
from loadtest.measure.prometheus import BATCHED, BATCHES, CPU, MEMORY, Track
from loadtest.model.answer import Outcome
from loadtest.model.candidate import Candidate
from loadtest.model.findings import ProcessUse
from loadtest.model.phase import Phase, PhaseResult
from tools.services.roster import SERVICES, UNARY_CLIENT


def own_processes(candidate: Candidate) -> list[str]:
    """Return the names of a candidate's processes, which others may share but not all."""
    of_route = [name for name, service in SERVICES.items() if service.route == candidate.route]
    if candidate is Candidate.GRPC_UNARY:
        return [UNARY_CLIENT if name == "svc_grpc_client" else name for name in of_route]
    return of_route


_OTHERS: Final = ("traefik", "kafka", "redis", "mongodb")


def process_uses(
    tracks: Sequence[Track], phase: Phase, result: PhaseResult, samples: Samples
) -> dict[str, ProcessUse]:
    """Return what each process used in a phase, by the process's name.

    Processor time and votes are counted between the same two readings, the first and the last
    taken under the phase's load (the end of the warm-up is as good as the measurement), so that
    no reading has to be interpolated. A process with fewer than two readings in the phase is left
    out.
    """
    of_process: dict[str, list[Track]] = defaultdict(list)
    for track in tracks:
        if name := process_name(track.labels):
            of_process[name].append(track)
    begin = result.started - phase.warm_up / 2
    end = result.started + result.seconds
    answered = np.sort(_answered_at(samples) + result.started)
    uses = {name: _use(own, begin, end, answered) for name, own in sorted(of_process.items())}
    return {name: use for name, use in uses.items() if use is not None}


def process_name(labels: dict[str, str]) -> str | None:
    """Return the name of the process that a metric's labels identify; None when it is not ours.

    On one machine the job has the name of the process; on Kubernetes another label has it, with
    hyphens.
    """
    names = [value.replace("-", "_") for value in labels.values()]
    for name in names:
        if name in SERVICES or name == UNARY_CLIENT:
            return name
    job = labels.get("job", "")
    return job if any(other in job for other in _OTHERS) else None


def _answered_at(samples: Samples) -> NDArray[np.float64]:
    accepted = samples[samples["outcome"] == Outcome.ACCEPTED]
    return np.asarray(accepted["at"] + accepted["latency"], dtype=np.float64)


def _use(
    tracks: Sequence[Track], begin: float, end: float, answered: NDArray[np.float64]
) -> ProcessUse | None:
    cpu = [_within(track, begin, end) for track in tracks if track.metric == CPU]
    cpu = [readings for readings in cpu if len(readings) > 1]
    if not cpu:
        return None
    # Pods are read at different moments, so each has its own rate over its own readings.
    first, last = min(r[0][0] for r in cpu), max(r[-1][0] for r in cpu)
    votes = int(np.searchsorted(answered, last) - np.searchsorted(answered, first))
    rates = [_increase(readings) / (readings[-1][0] - readings[0][0]) for readings in cpu]
    memory = [
        max((value for _, value in _within(track, begin, end)), default=0.0)
        for track in tracks
        if track.metric == MEMORY
    ]
    return ProcessUse(
        seconds=last - first,
        votes=votes,
        cpu_seconds=sum(rates) * (last - first),
        memory_bytes=sum(memory),
        votes_per_batch=_votes_per_batch(tracks, begin, end),
        instances=len(cpu),
    )


def _votes_per_batch(tracks: Sequence[Track], begin: float, end: float) -> float | None:
    batches = sum(_increase_of(tracks, BATCHES, begin, end))
    return sum(_increase_of(tracks, BATCHED, begin, end)) / batches if batches else None


def _increase_of(tracks: Sequence[Track], metric: str, begin: float, end: float) -> Iterable[float]:
    return [_increase(_within(track, begin, end)) for track in tracks if track.metric == metric]


def _within(track: Track, begin: float, end: float) -> list[tuple[float, float]]:
    return [reading for reading in track.readings if begin <= reading[0] <= end]


def _increase(readings: Sequence[tuple[float, float]]) -> float:
    """Return by how much a counter grew; one that fell was reset to 0 by a restart."""
    return sum(
        after - before if after >= before else after
        for (_, before), (_, after) in pairwise(readings)
    )
