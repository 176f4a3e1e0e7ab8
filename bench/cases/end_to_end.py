"""Everything at once: both routes, Kafka, the consumer and the stores, under load."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar, Final, override

from bench.apparatus.errors import BenchError
from bench.apparatus.load import Load
from bench.apparatus.probes import Probes
from bench.apparatus.servers import Group, Servers
from bench.apparatus.turn import Case, Meter, Turn
from harness.processes.server import Server
from harness.processes.waiting import until
from harness.system.system import System
from voting.ledger.settings import POLLS_TOPIC, REJECTED_TOPIC
from voting.stores.tally_store import TallyStore

CONNECTIONS: Final = 64
_LIMIT_SECONDS: Final = 120
OWN: Final = ("svc_http_route", "svc_grpc_client", "svc_grpc_server", "svc_consumer")
_PARTITIONS: Final = 6
_VOTES_MIN: Final = 500


class LoadedSystem(System):
    """The whole system; half of the connections go to each route, or all to the entry."""

    def __init__(
        self, servers: Servers, name: str = "end-to-end", *, has_entry: bool = False
    ) -> None:
        """Use the Kafka that all groups share, with a topic of its own, called after `name`."""
        topic = f"bench.{name}"
        super().__init__(
            servers.folder / name,
            nodes=[servers.kafka],
            shares_kafka=True,
            topics={topic: _PARTITIONS, REJECTED_TOPIC: 1, POLLS_TOPIC: 1},
            has_entry=has_entry,
            settings={"KAFKA_TOPIC": topic, "KAFKA_GROUP": topic, "LEAN_PATH": "true"},
            source=servers.source,
        )
        self.routes: list[Server] = (
            [self.entry]
            if has_entry
            else [self.services["svc_http_route"], self.services["svc_grpc_client"]]
        )
        self.measured = {server.name: server for server in (*self.servers, servers.kafka)}
        self.rate = 0.0  # votes per second that it sustains, as last measured

    async def counted(self) -> int:
        """Return how many votes the tally has."""
        tally = TallyStore(self.redis.url)
        try:
            return (await tally.read()).votes
        finally:
            await tally.close()

    async def until_counted(self, votes: int) -> None:
        """Return when the tally has this many votes."""

        async def are_counted() -> bool:
            return await self.counted() >= votes

        what = f"{votes} votes are counted"
        await until(are_counted, what, _LIMIT_SECONDS, error=BenchError)


class FullLoad(Case):
    """As many votes at once as the system counts in a turn, until the last is counted."""

    def __init__(self, system: LoadedSystem, what: str) -> None:
        super().__init__("end-to-end", what, OWN)
        self._system = system

    @override
    async def turn(self, seconds: float) -> Turn:
        system = self._system
        before = await system.counted()
        async with Load(system.routes, CONNECTIONS) as load:
            meter = Meter(system.measured)
            await load.run(seconds, max(_VOTES_MIN, system.rate * seconds))
            await system.until_counted(before + load.accepted)
            turn = meter.turn(load.accepted).with_latencies(load.latencies)
        system.rate = turn.votes / turn.seconds
        return turn


class HalfLoad(Case):
    """Half of the votes that the system sustains, at a steady rate, and probes among them."""

    def __init__(self, system: LoadedSystem, what: str) -> None:
        super().__init__("end-to-end-half", what, ())  # its figure is the time, not the cost
        self._system = system

    @override
    async def turn(self, seconds: float) -> Turn:
        system = self._system
        probes = Probes(system.routes, system.redis.url)
        async with Load(system.routes, CONNECTIONS, system.rate / 2) as load:
            meter = Meter(system.measured)
            await asyncio.gather(load.run(seconds), probes.run(seconds))
            turn = meter.turn(load.accepted + len(probes.visible))
        return turn.with_latencies(load.latencies).with_visible(probes.visible)


class EndToEnd(Group):
    """The whole system at full and at half load."""

    names: ClassVar = {
        "end-to-end": "the whole system at full load, until the last vote is counted",
        "end-to-end-half": "the whole system at half load",
    }

    @override
    @asynccontextmanager
    async def cases(self, servers: Servers) -> AsyncIterator[list[Case]]:
        system = LoadedSystem(servers)
        with system.running():
            full = FullLoad(system, self.names["end-to-end"])
            await full.turn(1.0)  # warms up, and measures the full load
            yield [full, HalfLoad(system, self.names["end-to-end-half"])]
