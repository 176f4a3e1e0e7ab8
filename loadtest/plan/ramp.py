"""The ramp: each candidate's highest rate with the 99th percentile under a bound."""

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Final

from loadtest.model.candidate import Candidate
from loadtest.model.findings import PhaseReport
from loadtest.model.phase import MAX_RATE, Phase
from loadtest.model.ramp_result import Ramp, RampStep
from loadtest.model.wording import CANDIDATE_NAMES, rate
from loadtest.plan.options import Options
from loadtest.plan.search import Search

_STEPS: Final = 6  # one step lasts the duration divided by this
_ACCEPTED: Final = 0.99  # of the votes due, at least, or the rate is too high


class RampPlan:
    """Plans each phase from the results of the previous ones, alternating the candidates."""

    def __init__(self, options: Options, bound: float, folder: Path) -> None:
        self._options = options
        self._bound = bound
        self._folder = folder
        self._searches = {one: Search(options.rate, MAX_RATE) for one in options.candidates}
        self._steps: list[RampStep] = []

    def phases(self) -> Iterator[Phase]:
        """Return the phases; `note` must be called with each one before the next is taken."""
        turns = cycle([*self._options.candidates, *reversed(self._options.candidates)])
        for candidate in turns:
            if all(search.next() is None for search in self._searches.values()):
                return
            if (step := self._searches[candidate].next()) is not None:
                yield self._phase(candidate, step)

    def note(self, phase: Phase, found: PhaseReport) -> None:
        """Record the result of a phase."""
        step = _step(phase, found, self._bound)
        self._steps.append(step)
        self._searches[step.route].note(passed=step.passed)

    def result(self) -> Ramp:
        """Return what was found so far."""
        searches = self._searches.items()
        return Ramp(
            bound=self._bound,
            passed={one: search.passed for one, search in searches if search.passed is not None},
            failed={one: search.failed for one, search in searches if search.failed is not None},
            generator_limited=[
                one for one, search in searches if self._generator_failed(one, search.failed)
            ],
            steps=list(self._steps),
        )

    def _generator_failed(self, candidate: Candidate, failed: float | None) -> bool:
        return any(
            step.limited and not step.passed
            for step in self._steps
            if step.route is candidate and step.rate == failed
        )

    def _phase(self, candidate: Candidate, step: float) -> Phase:
        options, number = self._options, len(self._steps)
        return Phase(
            name=f"{CANDIDATE_NAMES[candidate]} {rate(step)}",
            target=options.target,
            forced=candidate,
            pattern=options.pattern,
            rate=step,
            users=options.users,
            warm_up=options.warm_up,
            seconds=max(1.0, options.seconds / _STEPS),
            timeout=options.timeout,
            seed=options.seed + number,
            client_ids=options.client_ids,
            fresh_share=0.0,
            samples=str(self._folder / f"samples-{number}"),
        )


def _step(phase: Phase, found: PhaseReport, bound: float) -> RampStep:
    assert phase.forced is not None  # noqa: S101 - every phase of a ramp is of one candidate
    figures = found.routes.get(phase.forced.route)
    latency = figures.latency if figures else None
    p99 = None if latency is None else latency.p99 if latency.p99 is not None else latency.max
    due = found.requests + found.generator.unsent
    accepted = figures.accepted if figures else 0
    return RampStep(
        route=phase.forced,
        rate=phase.rate,
        accepted_per_second=found.accepted_per_second,
        p99=p99,
        passed=p99 is not None and p99 <= bound and accepted >= _ACCEPTED * due,
        limited=found.generator.limited,
    )
