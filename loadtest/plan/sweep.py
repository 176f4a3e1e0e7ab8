"""The sweep: each rate in turn, until no candidate reaches it any more."""

from collections.abc import Iterator, Sequence
from typing import Final

from loadtest.model.candidate import Candidate
from loadtest.model.findings import BUSY, PhaseReport
from loadtest.model.phase import Phase
from loadtest.model.sweep_result import Unreached

REACHED: Final = 0.99
"""Of the votes due at a rate, how many must at least be accepted."""

_FAILURES: Final = 2  # a busy moment of the machine is not the candidate's limit


class SweepPlan:
    """Leaves out the phases of a candidate from the rate on that it did not reach."""

    def __init__(self, phases: Sequence[Phase]) -> None:
        self._phases = phases
        self._failed: dict[tuple[Candidate, float], list[PhaseReport]] = {}
        self.unreached: list[Unreached] = []

    def phases(self) -> Iterator[Phase]:
        """Return the phases; `note` must be called with each one before the next is taken."""
        for phase in self._phases:
            if phase.forced not in {end.candidate for end in self.unreached}:
                yield phase

    def note(self, phase: Phase, found: PhaseReport) -> None:
        """Record the result of a phase."""
        if phase.forced is None or not has_failed(found):
            return
        failed = self._failed.setdefault((phase.forced, phase.rate), [])
        failed.append(found)
        if len(failed) == _FAILURES:
            end = Unreached(
                candidate=phase.forced,
                rate=phase.rate,
                accepted_share=max(map(_accepted_share, failed)),
                saturated=any(report.generator.cpu_share > BUSY for report in failed),
                late=any(report.generator.limited for report in failed),
            )
            self.unreached.append(end)


def has_failed(found: PhaseReport) -> bool:
    """Return whether a phase did not reach its rate: too few accepted, or a saturated generator."""
    return _accepted_share(found) < REACHED or found.generator.cpu_share > BUSY


def _accepted_share(found: PhaseReport) -> float:
    due = found.requests + found.generator.unsent
    accepted = sum(figures.accepted for figures in found.routes.values())
    return accepted / due if due else 1.0
