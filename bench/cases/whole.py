"""The whole cost of a vote: every process, the entry and the stores among them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar, Final, override

from bench.apparatus.hall import Hall
from bench.apparatus.load import Load
from bench.apparatus.servers import Group, Servers
from bench.apparatus.turn import Case, Meter, Turn
from bench.cases.end_to_end import CONNECTIONS, LoadedSystem
from bench.cases.rates import RatedSystem

RATES: Final = (400, 2000)
FULL: Final = "whole-full"

_WHAT: Final = "every process, votes at the entry, one watcher"
_FULL_SECONDS: Final = 2.0  # at most: what is accepted in a second takes longer to count


class WholeAtFullLoad(Case):
    """As many votes as the entry takes, until the last is counted."""

    def __init__(self, system: LoadedSystem, what: str) -> None:
        super().__init__(FULL, what, tuple(system.measured))
        self._system = system

    @override
    async def turn(self, seconds: float) -> Turn:
        system = self._system
        before = await system.counted()
        async with Load(system.routes, CONNECTIONS) as load:
            meter = Meter(system.measured)
            await load.run(min(seconds, _FULL_SECONDS))
            await system.until_counted(before + load.accepted)
            return meter.turn(load.accepted).with_latencies(load.latencies)


class Whole(Group):
    """All processes of the system at set rates and at full load."""

    names: ClassVar = {
        **{f"whole-{rate}": f"{_WHAT}, {rate:,} votes/s" for rate in RATES},
        FULL: f"{_WHAT}, full load until the last vote is counted",
    }

    @override
    @asynccontextmanager
    async def cases(self, servers: Servers) -> AsyncIterator[list[Case]]:
        system = LoadedSystem(servers, "whole", has_entry=True)
        own = tuple(system.measured)
        hall = Hall(system.entry)
        with system.running():
            full = WholeAtFullLoad(system, self.names[FULL])
            for _ in range(2):
                await full.turn(_FULL_SECONDS)  # for Java, too
            await hall.join(1)
            try:
                rated = (
                    RatedSystem(f"whole-{rate}", _WHAT, system, rate, None, own) for rate in RATES
                )
                yield [*rated, full]
            finally:
                hall.leave()
