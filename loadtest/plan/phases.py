"""Which phases a comparison has: each candidate alone in turn, A B B A, then the split."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from loadtest.model.candidate import Candidate
from loadtest.model.phase import Phase
from loadtest.model.wording import CANDIDATE_NAMES, rate
from loadtest.plan.options import Options

_SPLIT_DIVISOR: Final = 2  # the split only shows its shares: half the time is enough
_FIRST_WARM_UP: Final = 3  # times the warm-up, before each candidate's first phase: caches, JIT


def planned_phases(options: Options, folder: Path) -> list[Phase]:
    """Return the phases of one rate or of a sweep; `folder` is for their samples."""
    return list(_sweep(options, folder) if options.sweep else _one_rate(options, folder))


def seconds_of(phases: Sequence[Phase]) -> float:
    """Return how long phases take, without the moments between them."""
    return sum(phase.warm_up + phase.seconds for phase in phases)


def turns(candidates: Sequence[Candidate], rounds: int) -> Iterator[tuple[Candidate, int]]:
    """Return whose turn it is, and for which time.

    A B B A, or A B C C B A: whatever drifts steadily, such as filling caches or a warming machine,
    favours none of them.
    """
    for number in range(1, 2 * rounds + 1):
        for candidate in candidates if number % 2 else reversed(candidates):
            yield candidate, number


def phase_alone(
    options: Options, folder: Path, number: int, name: str, candidate: Candidate, per_second: float
) -> Phase:
    """Return a phase that one candidate has for itself, the `number`-th of all."""
    return Phase(
        name=name,
        target=options.target,
        forced=candidate,
        pattern=options.pattern,
        rate=per_second,
        users=options.users,
        warm_up=options.warm_up * (_FIRST_WARM_UP if number < len(options.candidates) else 1),
        seconds=options.seconds / (2 * options.rounds),
        timeout=options.timeout,
        seed=options.seed + number,
        client_ids=options.client_ids,
        fresh_share=0.0,
        samples=str(folder / f"samples-{number}"),
    )


def _one_rate(options: Options, folder: Path) -> Iterator[Phase]:
    number = 0
    for candidate, turn in turns(options.candidates, options.rounds):
        name = f"{CANDIDATE_NAMES[candidate]} {turn}"
        yield phase_alone(options, folder, number, name, candidate, options.rate)
        number += 1
    yield Phase(
        name="split",
        target=options.target,
        forced=None,
        pattern=options.pattern,
        rate=options.rate,
        users=options.users,
        warm_up=options.warm_up,
        seconds=options.seconds / _SPLIT_DIVISOR,
        timeout=options.timeout,
        seed=options.seed + number,
        client_ids=options.client_ids,
        fresh_share=options.fresh_share,
        samples=str(folder / f"samples-{number}"),
    )


def _sweep(options: Options, folder: Path) -> Iterator[Phase]:
    number = 0
    for per_second in options.sweep:
        for candidate, turn in turns(options.candidates, options.rounds):
            name = f"{CANDIDATE_NAMES[candidate]} {rate(per_second)} {turn}"
            yield phase_alone(options, folder, number, name, candidate, per_second)
            number += 1
