"""Splits a phase among several drivers, and joins their results."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from loadtest.driver.electorate import new_run
from loadtest.driver.samples import Samples, read_samples
from loadtest.model.phase import Phase, PhaseProgress, PhaseResult, Voters


def parts_of(phase: Phase, count: int) -> list[Phase]:
    """Return the parts of a phase, which together send its votes at its rate and spacing."""
    if count == 1:
        return [phase]
    return [
        msgspec.structs.replace(
            phase,
            rate=phase.rate / count,
            users=phase.users // count + (number < phase.users % count),
            offset=number / phase.rate,
            seed=phase.seed + (number << 32),
            samples=f"{phase.samples}-{number}",
            voters=_part_of(phase.voters, count),
        )
        for number in range(count)
    ]


def _part_of(voters: Voters | None, count: int) -> Voters | None:
    """Return one of so many equal parts of the voters, in which nobody is of another part."""
    if voters is None:
        return None
    return msgspec.structs.replace(voters, ballots=voters.ballots // count, run=new_run())


def joined_progress(parts: Sequence[PhaseProgress]) -> PhaseProgress:
    """Return the progress of the whole phase, which is as far as its slowest part."""
    return PhaseProgress(
        at=min(part.at for part in parts),
        sent=sum(part.sent for part in parts),
        accepted=sum(part.accepted for part in parts),
        failed=sum(part.failed for part in parts),
    )


def joined_results(
    parts: Sequence[Phase], results: Sequence[PhaseResult]
) -> tuple[PhaseResult, Samples]:
    """Return the result and the samples of the whole, on the clock of the first part."""
    started = results[0].started
    kinds = list(dict.fromkeys(kind for result in results for kind in result.kinds))
    samples = [
        _aligned(read_samples(Path(part.samples)), result, started, kinds)
        for part, result in zip(parts, results, strict=True)
    ]
    whole = PhaseResult(
        started=started,
        seconds=min(result.seconds for result in results),
        cpu_seconds=max(result.cpu_seconds for result in results),
        unsent=sum(result.unsent for result in results),
        interrupted=any(result.interrupted for result in results),
        kinds=kinds,
    )
    return whole, np.concatenate(samples)


def _aligned(samples: Samples, result: PhaseResult, started: float, kinds: list[str]) -> Samples:
    changed = samples.copy()
    # Parts begin within milliseconds of each other. A sample before zero stays there: what its
    # driver sent as warm-up is warm-up.
    shifted = changed["at"] + (result.started - started)
    changed["at"] = np.where(changed["at"] < 0, np.minimum(shifted, -1e-9), np.maximum(shifted, 0))
    changed["kind"] = np.array([kinds.index(kind) for kind in result.kinds])[changed["kind"]]
    return changed
