"""A whole measurement: one group after the other, whose cases take turns."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatch
from typing import Final

import msgspec

from bench.cases.consumers import Parts, Scale
from bench.cases.end_to_end import EndToEnd
from bench.cases.routes import Routes, floor_case
from bench.cases.servers import Group, Servers
from bench.cases.turn import Case, Turn

GROUPS: Final[list[Group]] = [Routes(), Parts(), Scale(), EndToEnd()]


class Measured(msgspec.Struct):
    """All turns of a case, and those of the floor in the same rounds."""

    name: str
    what: str
    own: tuple[str, ...]
    turns: list[Turn] = []
    floor: list[Turn] = []


class Plan(msgspec.Struct, frozen=True):
    """What to measure: the cases whose names match, the seconds of a turn, the rounds."""

    only: Sequence[str]
    seconds: float
    rounds: int

    def wants(self, name: str) -> bool:
        """Return whether to measure a case."""
        return not self.only or any(fnmatch(name, pattern) for pattern in self.only)

    def groups(self) -> Iterator[Group]:
        """Yield the groups with a case to measure."""
        return (group for group in GROUPS if any(map(self.wants, group.names)))


async def measure(servers: Servers, plan: Plan, say: Callable[[str], None]) -> list[Measured]:
    """Return the turns of all cases of the plan, in its order."""
    found: list[Measured] = []
    async with servers.started():
        for group in plan.groups():
            say(f"starting: {', '.join(name for name in group.names if plan.wants(name))}")
            async with group.cases(servers) as cases:
                found += await _take_turns(servers, plan, cases, say)
    return found


async def _take_turns(
    servers: Servers, plan: Plan, cases: Sequence[Case], say: Callable[[str], None]
) -> list[Measured]:
    """Let the cases take turns: A B C, C B A, A B C ..., the floor among them."""
    floor = floor_case(servers)
    wanted = [case for case in cases if plan.wants(case.name) and case.name != floor.name]
    measured = {case.name: Measured(case.name, case.what, case.own) for case in [floor, *wanted]}
    for number in range(plan.rounds):
        order = [floor, *wanted] if number % 2 == 0 else [*reversed(wanted), floor]
        for case in order:
            turn = await case.turn(plan.seconds)
            measured[case.name].turns.append(turn)
            say(_line(number, plan.rounds, case, turn))
            await asyncio.sleep(0)
    for result in measured.values():
        result.floor = measured[floor.name].turns
    if not plan.wants(floor.name) or floor.name not in {case.name for case in cases}:
        del measured[floor.name]
    return list(measured.values())


def _line(number: int, rounds: int, case: Case, turn: Turn) -> str:
    cost = sum(turn.cpu_seconds[name] for name in case.own) / turn.votes * 1e6
    rate = turn.votes / turn.seconds
    return f"round {number + 1}/{rounds}  {case.name:16} {cost:7.1f} µs/vote {rate:8.0f} votes/s"
