"""Everything at once: both routes, Kafka, the consumer and the stores, under load."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar, Final, override

from bench.cases.errors import BenchError
from bench.cases.load import Load
from bench.cases.probes import Probes
from bench.cases.servers import Group, Rig, Stores
from bench.cases.turn import Case, Meter, Turn
from harness.processes.server import Server
from harness.servers.services import Service
from voting.stores.tally_store import TallyStore

_CONNECTIONS: Final = 64
_POLL_SECONDS: Final = 0.02
_LIMIT_SECONDS: Final = 120
_OWN: Final = ("svc_http_route", "svc_grpc_client", "svc_grpc_server", "svc_consumer")
_TOPIC: Final = "bench.end-to-end"
_PARTITIONS: Final = 6
_VOTES_MIN: Final = 500


class System:
    """The whole system, without a balancer: half of the connections go to each route."""

    def __init__(self, rig: Rig) -> None:
        self.stores = Stores(rig.folder, "end-to-end")
        topic = {"KAFKA_TOPIC": _TOPIC, "KAFKA_GROUP": _TOPIC}
        grpc_server = rig.service("svc_grpc_server", **topic)
        lean = {"LEAN_PATH": "true"}
        self.services = [
            grpc_server,
            rig.service("svc_http_route", **topic, **lean),
            rig.service("svc_grpc_client", GRPC_TARGET=grpc_server.grpc_target, **lean),
            rig.service("svc_consumer", **topic, **self.stores.settings()),
            rig.service("svc_results", **self.stores.settings()),
        ]
        named = {service.name: service for service in self.services}
        self.entries: list[Service] = [named["svc_http_route"], named["svc_grpc_client"]]
        self.servers: dict[str, Server] = {
            server.name: server for server in (*self.services, rig.kafka, *self.stores.servers)
        }
        self.rate = 0.0  # votes per second that it sustains, as last seen

    @asynccontextmanager
    async def running(self, rig: Rig) -> AsyncIterator[None]:
        """Run it beside Kafka and the floor while the context lasts."""
        rig.kafka.create_topics({_TOPIC: _PARTITIONS, "votes.rejected": 1})
        async with rig.running(*self.stores.servers), rig.running(*self.services):
            yield

    async def counted(self) -> int:
        """Return how many votes the tally has."""
        tally = TallyStore(self.stores.redis.url)
        try:
            return (await tally.read()).votes
        finally:
            await tally.close()

    async def until_counted(self, votes: int) -> None:
        """Return when the tally has so many votes."""
        limit = time.monotonic() + _LIMIT_SECONDS
        while (counted := await self.counted()) < votes:
            if time.monotonic() > limit:
                raise BenchError(f"{counted} of {votes} votes were counted in {_LIMIT_SECONDS} s")
            await asyncio.sleep(_POLL_SECONDS)


class FullLoad(Case):
    """As many votes at once as the system counts in a turn, until the last is counted."""

    def __init__(self, system: System, what: str) -> None:
        super().__init__("end-to-end", what, _OWN)
        self._system = system

    @override
    async def turn(self, seconds: float) -> Turn:
        system = self._system
        before = await system.counted()
        async with Load(system.entries, _CONNECTIONS) as load:
            meter = Meter(system.servers)
            await load.run(seconds, max(_VOTES_MIN, system.rate * seconds))
            await system.until_counted(before + load.accepted)
            turn = meter.turn(load.accepted).with_latencies(load.latencies)
        system.rate = turn.votes / turn.seconds
        return turn


class HalfLoad(Case):
    """Half of the votes that the system sustains, at a steady rate, and probes among them."""

    def __init__(self, system: System, what: str) -> None:
        super().__init__("end-to-end-half", what, ())  # its figure is the time, not the cost
        self._system = system

    @override
    async def turn(self, seconds: float) -> Turn:
        system = self._system
        probes = Probes(system.entries, system.stores.redis.url)
        async with Load(system.entries, _CONNECTIONS, system.rate / 2) as load:
            meter = Meter(system.servers)
            await asyncio.gather(load.run(seconds), probes.run(seconds))
            turn = meter.turn(load.accepted + len(probes.visible))
        return turn.with_latencies(load.latencies).with_visible(probes.visible)


class EndToEnd(Group):
    """The whole system at full and at half load."""

    names: ClassVar = {
        "end-to-end": "everything at full load, until the last vote is counted",
        "end-to-end-half": "everything at half load",
    }

    @override
    @asynccontextmanager
    async def cases(self, rig: Rig) -> AsyncIterator[list[Case]]:
        system = System(rig)
        async with system.running(rig):
            full = FullLoad(system, self.names["end-to-end"])
            await full.turn(1.0)  # warms up, and tells what half of the load is
            yield [full, HalfLoad(system, self.names["end-to-end-half"])]
