"""Every part at set rates, most of which are far below what it can do; and with nothing to do."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import ClassVar, Final, override

from bench.apparatus.load import Load
from bench.apparatus.probes import Probes
from bench.apparatus.servers import Group, Servers
from bench.apparatus.turn import Case, Meter, Turn
from bench.cases.end_to_end import CONNECTIONS, OWN, LoadedSystem
from harness.processes.server import Server

ROUTE_RATES: Final = (100, 400, 2000, 8000)
CONSUMER_RATES: Final = (50, 400)
SYSTEM_RATES: Final = (400, 2000)

_ROUTES: Final = {
    "floor": "an empty Sanic handler",
    "http": "the HTTP route",
    "grpc": "the gRPC route",
}
_VOTES_MIN: Final = 200  # in a turn
_WARM_UP_SECONDS: Final = 0.5
_SYSTEM_SECONDS: Final = 2.0  # of a turn, as the wait for the last vote belongs to it
_VISIBLE_SECONDS: Final = 3.0  # of a turn, for enough probes
_PROBES: Final = 0.2  # of the votes, and at most this many a second:
_PROBES_MOST: Final = 20.0
_SETTLE_SECONDS: Final = 1.0
_IDLE_SECONDS: Final = 4.0


def _name(name: str, rate: int) -> str:
    return f"rate-{name}-{rate}"


def _what(what: str, rate: int) -> str:
    return f"{what}, {rate:,} votes/s"


class RatedRoute(Case):
    """Votes to one service at a set rate, over as many connections as voters would have."""

    def __init__(
        self,
        name: str,
        rate: int,
        entry: Server,
        own: Mapping[str, Server],
        others: Mapping[str, Server],
        floor: Case | None = None,
    ) -> None:
        """`entry` takes the votes, `own` are the processes of the route.

        Without a `floor` this is the floor of its rate.
        """
        super().__init__(_name(name, rate), _what(_ROUTES[name], rate), tuple(own), floor or self)
        self._rate = rate
        self._entry = entry
        self._servers = {**own, **others}
        self._turns = 0

    @override
    async def turn(self, seconds: float) -> Turn:
        self._turns += 1  # in each round the same times for every case of the rate
        async with Load([self._entry], CONNECTIONS, self._rate, seed=self._turns) as load:
            await load.run(_warm_up_seconds(self._rate))
            load.reset()
            meter = Meter(self._servers)
            await load.run(max(seconds, _VOTES_MIN / self._rate))
            return meter.turn(load.accepted).with_latencies(load.latencies)


class RatedSystem(Case):
    """Votes to both routes at a set rate, until the last is counted."""

    def __init__(
        self,
        name: str,
        what: str,
        system: LoadedSystem,
        rate: int,
        floor: Case | None,
        own: tuple[str, ...] = OWN,
    ) -> None:
        super().__init__(name, _what(what, rate), own, floor)
        self._system = system
        self._rate = rate
        self._turns = 0

    @override
    async def turn(self, seconds: float) -> Turn:
        return await self._turn(max(seconds, _SYSTEM_SECONDS, _VOTES_MIN / self._rate), None)

    async def _turn(self, seconds: float, probes: Probes | None) -> Turn:
        self._turns += 1
        system, rate = self._system, self._rate - (probes.per_second if probes else 0)
        async with Load(system.routes, CONNECTIONS, rate, seed=self._turns) as load:
            before = await system.counted()
            await load.run(_warm_up_seconds(self._rate))
            await system.until_counted(before + load.accepted)
            before += load.accepted
            load.reset()
            meter = Meter(system.measured)
            await asyncio.gather(load.run(seconds), *([probes.run(seconds)] if probes else []))
            votes = load.accepted + len(probes.visible if probes else ())
            await system.until_counted(before + votes)
            turn = meter.turn(votes).with_latencies(load.latencies)
            return turn.with_visible(probes.visible) if probes else turn


class RatedConsumer(RatedSystem):
    """As `RatedSystem`, but measures the consumer, and when votes become visible."""

    def __init__(self, system: LoadedSystem, rate: int, floor: Case) -> None:
        what = "svc_consumer, votes from both routes"
        super().__init__(_name("consumer", rate), what, system, rate, floor, ("svc_consumer",))

    @override
    async def turn(self, seconds: float) -> Turn:
        per_second = min(self._rate * _PROBES, _PROBES_MOST)
        system = self._system
        probes = Probes(system.routes, system.redis.url, per_second)
        return await self._turn(max(seconds, _VISIBLE_SECONDS, _VOTES_MIN / self._rate), probes)


class Idle(Case):
    """What every service uses while no vote arrives."""

    def __init__(self, what: str, system: LoadedSystem, floor: Case) -> None:
        super().__init__("rate-idle", what, tuple(system.services), floor)
        self._system = system

    @override
    async def turn(self, seconds: float) -> Turn:
        await asyncio.sleep(_SETTLE_SECONDS)
        meter = Meter(self._system.measured)
        await asyncio.sleep(max(seconds, _IDLE_SECONDS))
        return meter.turn(0)


class RatedRoutes(Group):
    """Both routes at set rates, each beside the floor of that rate."""

    names: ClassVar = {
        _name(name, rate): _what(what, rate)
        for rate in ROUTE_RATES
        for name, what in _ROUTES.items()
    }

    @override
    @asynccontextmanager
    async def cases(self, servers: Servers) -> AsyncIterator[list[Case]]:
        servers.kafka.create_topics()
        server = servers.service("svc_grpc_server")
        client = servers.service("svc_grpc_client", GRPC_TARGET=server.grpc_target)
        http = servers.service("svc_http_route")
        routes = {"http": [http], "grpc": [client, server]}
        others = {"kafka": servers.kafka}
        async with servers.running(server, client, http):
            found: list[Case] = []
            for rate in ROUTE_RATES:
                floor = _floor(servers, rate)
                found.append(floor)
                for name, services in routes.items():
                    own = {service.program: service for service in services}
                    found.append(RatedRoute(name, rate, services[0], own, others, floor))
            yield found


class RatedSystems(Group):
    """The consumer and the whole system at set rates, and all services with nothing to do."""

    names: ClassVar = {
        **{
            _name("consumer", rate): _what("svc_consumer, votes from both routes", rate)
            for rate in CONSUMER_RATES
        },
        **{_name("end-to-end", rate): _what("the whole system", rate) for rate in SYSTEM_RATES},
        "rate-idle": "every service while no vote arrives",
    }

    @override
    @asynccontextmanager
    async def cases(self, servers: Servers) -> AsyncIterator[list[Case]]:
        system = LoadedSystem(servers, "rates")
        floors = {rate: _floor(servers, rate) for rate in {*CONSUMER_RATES, *SYSTEM_RATES}}
        with system.running():
            yield [
                *(RatedConsumer(system, rate, floors[rate]) for rate in CONSUMER_RATES),
                *(
                    RatedSystem(
                        _name("end-to-end", rate), "the whole system", system, rate, floors[rate]
                    )
                    for rate in SYSTEM_RATES
                ),
                Idle(self.names["rate-idle"], system, floors[SYSTEM_RATES[0]]),
            ]


def _floor(servers: Servers, rate: int) -> RatedRoute:
    return RatedRoute("floor", rate, servers.floor, {"floor": servers.floor}, {})


def _warm_up_seconds(rate: int) -> float:
    return max(_WARM_UP_SECONDS, CONNECTIONS / rate)  # one vote on each connection
