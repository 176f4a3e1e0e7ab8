"""Findings and warnings of the ramp, in sentences."""

from collections.abc import Iterator

from loadtest.model.candidate import Candidate
from loadtest.model.ramp_result import Ramp
from loadtest.model.wording import CANDIDATE_NAMES, ms, rate


def ramp_findings(found: Ramp) -> Iterator[str]:
    """Yield the rate that each route sustains, unless the load generator was the limit."""
    for route in _tried(found):
        if route in found.generator_limited:
            continue
        passed, failed = found.passed.get(route), found.failed.get(route)
        if passed is None:
            yield f"The {CANDIDATE_NAMES[route]} route sustained no rate {_within(found)}."
        elif failed is None:
            yield f"{_sustains(route, passed, found, 'at least ')}; no higher rate was tried."
        else:
            yield f"{_sustains(route, passed, found)}; it failed at {rate(failed)}."


def ramp_warnings(found: Ramp) -> Iterator[str]:
    """Yield what is known of each route whose limit the load generator did not reach."""
    for route in _tried(found):
        if route not in found.generator_limited:
            continue
        passed, failed = found.passed.get(route), rate(found.failed[route])
        if passed is None:
            yield (
                f"The {CANDIDATE_NAMES[route]} route's highest rate is unknown: the load generator"
                f" was the bottleneck and fell behind even at {failed}."
            )
        else:
            yield (
                f"{_sustains(route, passed, found, 'at least ')}; at {failed} the load generator"
                " was the bottleneck and fell behind."
            )


def _tried(found: Ramp) -> list[Candidate]:
    return sorted({step.route for step in found.steps})


def _sustains(route: Candidate, passed: float, found: Ramp, least: str = "") -> str:
    return f"The {CANDIDATE_NAMES[route]} route sustains {least}{rate(passed)} {_within(found)}"


def _within(found: Ramp) -> str:
    return f"with 99 % of the votes answered within {ms(found.bound)}"
