"""What the ramp found, in sentences."""

from collections.abc import Iterator

from loadtest.model.ramp_result import Ramp
from loadtest.model.wording import ROUTE_NAMES, ms, rate
from voting.domain.vote import Route


def ramp_findings(found: Ramp) -> Iterator[str]:
    """Say for each route which rate it takes within the bound, where that was its own limit."""
    for route in _tried(found):
        if route in found.generator_limited:
            continue
        passed, failed = found.passed.get(route), found.failed.get(route)
        if passed is None:
            yield f"The {ROUTE_NAMES[route]} route took at no rate its votes {_within(found)}."
        elif failed is None:
            yield f"{_takes(route, passed, found, 'at least ')}; more was not tried."
        else:
            yield f"{_takes(route, passed, found)}; {rate(failed)} was too much."


def ramp_warnings(found: Ramp) -> Iterator[str]:
    """Say for each route whose limit was not found what is known of it all the same."""
    for route in _tried(found):
        if route not in found.generator_limited:
            continue
        passed, failed = found.passed.get(route), rate(found.failed[route])
        if passed is None:
            yield (
                f"Nothing is known of the {ROUTE_NAMES[route]} route's highest rate: the load"
                f" generator was the limit, late itself even at {failed}."
            )
        else:
            yield (
                f"{_takes(route, passed, found, 'at least ')}; the load generator was the limit,"
                f" late itself at {failed}."
            )


def _tried(found: Ramp) -> list[Route]:
    return sorted({step.route for step in found.steps})


def _takes(route: Route, passed: float, found: Ramp, least: str = "") -> str:
    return f"The {ROUTE_NAMES[route]} route takes {least}{rate(passed)} {_within(found)}"


def _within(found: Ramp) -> str:
    return f"with 99 % of the votes answered within {ms(found.bound)}"
