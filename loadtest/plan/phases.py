"""Which phases a comparison has: each route alone in turn, A B B A, then the split."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from loadtest.model.phase import Phase
from loadtest.model.wording import ROUTE_NAMES
from loadtest.plan.options import Options
from voting.domain.vote import Route

_SPLIT_DIVISOR: Final = 2  # the split only shows its shares: half the time is enough
_FIRST_WARM_UP: Final = 3  # times the warm-up, before each route's first phase: caches, JIT


def planned_phases(options: Options, folder: Path) -> Iterator[Phase]:
    """Return the phases; `folder` is for their samples."""
    for number, (name, forced) in enumerate(planned_routes(options.rounds)):
        yield Phase(
            name=name,
            target=options.target,
            forced=forced,
            pattern=options.pattern,
            rate=options.rate,
            users=options.users,
            warm_up=options.warm_up * (_FIRST_WARM_UP if number < len(Route) else 1),
            seconds=options.seconds / (2 * options.rounds if forced else _SPLIT_DIVISOR),
            timeout=options.timeout,
            seed=options.seed + number,
            client_ids=options.client_ids,
            fresh_share=0.0 if forced else options.fresh_share,
            samples=str(folder / f"samples-{number}"),
        )


def planned_routes(rounds: int) -> Iterator[tuple[str, Route | None]]:
    """Return the phases' names and forced routes in order.

    A B B A: whatever drifts steadily, such as filling caches or a warming machine, favours
    neither route.
    """
    numbers = dict.fromkeys(Route, 0)
    for number in range(2 * rounds):
        pair = [Route.GRPC, Route.HTTP]
        for route in pair if number % 2 == 0 else reversed(pair):
            numbers[route] += 1
            yield f"{ROUTE_NAMES[route]} {numbers[route]}", route
    yield "split", None
