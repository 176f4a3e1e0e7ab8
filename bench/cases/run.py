"""A whole measurement: one group after the other, whose cases take turns."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from fnmatch import fnmatch
from itertools import chain
from typing import Final

import msgspec

from bench.apparatus.servers import Group, Servers
from bench.apparatus.turn import Case, Turn
from bench.cases.consumers import Parts, Scale
from bench.cases.end_to_end import EndToEnd
from bench.cases.rates import RatedRoutes, RatedSystems
from bench.cases.routes import Routes, floor_case
from bench.cases.traced_routes import TracedRoutes

GROUPS: Final[Sequence[Group]] = [
    Routes(),
    TracedRoutes(),
    Parts(),
    Scale(),
    EndToEnd(),
    RatedRoutes(),
    RatedSystems(),
]


class Measured(msgspec.Struct):
    """All turns of a case, and in the same rounds those of its floor and of an older version."""

    name: str
    what: str
    own: tuple[str, ...]
    turns: list[Turn] = []
    floor: list[Turn] = []
    before: list[Turn] = []


class Plan(msgspec.Struct, frozen=True):
    """What to measure: the cases whose names match, the seconds of a turn, the rounds."""

    only: Sequence[str]
    seconds: float
    rounds: int

    def wants(self, name: str) -> bool:
        """Return whether to measure a case."""
        return not self.only or any(fnmatch(name, pattern) for pattern in self.only)

    def of(self, groups: Sequence[Group]) -> Iterator[Group]:
        """Yield those with a case to measure."""
        return (group for group in groups if any(map(self.wants, group.names)))


async def measure(
    servers: Servers,
    plan: Plan,
    say: Callable[[str], None],
    before: Servers | None = None,
    groups: Sequence[Group] = GROUPS,
) -> list[Measured]:
    """Return the turns of all cases of these groups that the plan wants.

    Each case takes its turns beside the same one of the services of `before`, if there are any.
    """
    found: list[Measured] = []
    async with AsyncExitStack() as running:
        for one in filter(None, (servers, before)):
            await running.enter_async_context(one.started())
        for group in plan.of(groups):
            say(f"starting: {', '.join(name for name in group.names if plan.wants(name))}")
            async with AsyncExitStack() as stack:
                cases = await stack.enter_async_context(group.cases(servers))
                older = await stack.enter_async_context(group.cases(before)) if before else []
                found += await _Rounds(servers, plan, cases, older, say).run()
    return found


class _Rounds:
    """Lets the cases take turns: A B C, C B A, A B C ..., their floors among them."""

    def __init__(
        self,
        servers: Servers,
        plan: Plan,
        cases: Sequence[Case],
        older: Sequence[Case],
        say: Callable[[str], None],
    ) -> None:
        floor = floor_case(servers)
        self._wanted = [case for case in cases if plan.wants(case.name)]
        self._floors = {case.name: case.floor or floor for case in self._wanted}
        floors = {case.name: case for case in self._floors.values()}
        with_older = {case.name: [case] for case in self._wanted if case.name not in floors}
        for case in older:
            with_older.get(case.name, []).append(case)
        self._order = [*floors.values(), *chain.from_iterable(with_older.values())]
        self._older = frozenset(older)
        self._rounds, self._seconds, self._say = plan.rounds, plan.seconds, say

    async def run(self) -> list[Measured]:
        """Return the turns of all cases."""
        turns: dict[Case, list[Turn]] = {case: [] for case in self._order}
        for number in range(self._rounds):
            for case in self._order if number % 2 == 0 else reversed(self._order):
                turns[case].append(await self._turn(number, case))
        by_name = {case.name: turns[case] for case in self._order if case not in self._older}
        before = {case.name: turns[case] for case in self._order if case in self._older}
        return [
            Measured(
                case.name,
                case.what,
                case.own,
                by_name[case.name],
                by_name[self._floors[case.name].name],
                before.get(case.name, []),
            )
            for case in self._wanted
        ]

    async def _turn(self, number: int, case: Case) -> Turn:
        turn = await case.turn(self._seconds)
        version = "before" if case in self._older else ""
        cost, rate = turn.cost_us(case.own), turn.votes / turn.seconds
        self._say(
            f"round {number + 1}/{self._rounds}  {case.name:20} {version:6} {cost:7.1f} µs/vote "
            f"{rate:7.0f} votes/s {turn.core_percent(case.own):6.2f} % of a core"
        )
        await asyncio.sleep(0)
        return turn
