"""The consumer on a full topic: with its stores, without them, and in several processes."""

import asyncio
import http.client
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import ClassVar, Final, NamedTuple, override

from bench.apparatus.errors import BenchError
from bench.apparatus.quick_mongodb import QuickMongodbServer
from bench.apparatus.servers import Group, Servers, Stores
from bench.apparatus.turn import Case, Meter, Turn
from harness.filler.batch_writer import BatchWriter
from harness.processes.ports import free_port
from harness.processes.server import Server
from harness.processes.waiting import until
from harness.servers.services import Service

_WITHOUT_STORE: Final = "bench.cases.consumer_without_store"  # its name in older versions, too
_COUNTED: Final = "votes_counted_total"
_POLL_SECONDS: Final = 0.1
_LIMIT_SECONDS: Final = 60
_VOTES_MIN: Final = 200  # in each partition
_VOTES_MAX: Final = 200_000
_PROCESSES: Final = (1, 2, 4)


class ConsumerCase(Case):
    """Consumers of a topic of their own: each turn fills it while they are paused, then measures.

    `consumers` are the processes of one group, `others` the stores and Kafka.
    """

    def __init__(
        self,
        name: str,
        what: str,
        consumers: Sequence[Service],
        others: Sequence[Server],
        writer: BatchWriter,
        partitions: int,
    ) -> None:
        super().__init__(name, what, tuple(consumer.name for consumer in consumers))
        self._consumers = consumers
        self._servers = {server.name: server for server in (*consumers, *others)}
        self._writer = writer
        self._partitions = partitions
        self._counted = 0
        self._rate = 0.0

    async def warm_up(self) -> None:
        """Let all consumers count a few votes, to find out how many they can count in a turn."""
        turn = await self._take_in(self._partitions * _VOTES_MIN)
        self._rate = turn.votes / turn.seconds

    @override
    async def turn(self, seconds: float) -> Turn:
        least = self._partitions * _VOTES_MIN
        turn = await self._take_in(min(max(least, int(self._rate * seconds)), _VOTES_MAX))
        self._rate = turn.votes / turn.seconds
        return turn

    async def _take_in(self, votes: int) -> Turn:
        for consumer in self._consumers:
            consumer.pause()
        try:
            await self._writer.fill(votes, self._partitions)
            meter = Meter(self._servers)
        finally:
            for consumer in self._consumers:
                consumer.resume()
        await self._until_counted(self._counted + votes)
        self._counted += votes
        return meter.turn(votes)

    async def _until_counted(self, votes: int) -> None:
        counted = 0

        async def all_are_counted() -> bool:
            nonlocal counted
            counted = await asyncio.to_thread(self._count)
            return counted >= votes

        await until(
            all_are_counted,
            lambda: f"{self.name} has counted {counted} of {votes} votes",
            _LIMIT_SECONDS,
            error=BenchError,
            first_pause_seconds=_POLL_SECONDS,  # each look costs the consumer a little
            longest_pause_seconds=_POLL_SECONDS,
        )

    def _count(self) -> int:
        return sum(counter(consumer, _COUNTED) for consumer in self._consumers)


def counter(service: Service, name: str) -> int:
    """Return the value of a counter of a service, over all its labels."""
    connection = http.client.HTTPConnection(service.host, service.port, timeout=_LIMIT_SECONDS)
    try:
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
    finally:
        connection.close()
    values = (line.rpartition(" ")[2] for line in lines if line.partition("{")[0] == name)
    return int(sum(map(float, values)))


class _Consumers(NamedTuple):
    """Consumers of one group on a topic of their own."""

    name: str
    consumers: list[Service]
    partitions: int
    poll: str  # that the votes are in


def _consumers(
    servers: Servers,
    stores: Stores,
    name: str,
    count: int,
    partitions: int,
    *,
    database: int,
    program: str = _WITHOUT_STORE,
    poll: str = "",
    **settings: str,
) -> _Consumers:
    """Return `count` consumers with a Redis database of their own."""
    kafka = {"KAFKA_TOPIC": _topic(name), "KAFKA_GROUP": name}
    environment = {**stores.settings(database), **kafka, **settings}
    names = [name] if count == 1 else [f"{name}-{n}" for n in range(1, count + 1)]
    services = [servers.service(n, program=program, **environment) for n in names]
    return _Consumers(name, services, partitions, poll)


@asynccontextmanager
async def _running(
    servers: Servers, stores: Stores, what: Mapping[str, str], all_consumers: Sequence[_Consumers]
) -> AsyncIterator[list[Case]]:
    """Run the stores and all consumers while the context lasts; yield their cases."""
    servers.kafka.create_topics({_topic(group.name): group.partitions for group in all_consumers})
    processes = [consumer for group in all_consumers for consumer in group.consumers]
    cases: list[Case] = []
    async with (
        servers.running(*stores.servers),
        servers.running(*processes),
        AsyncExitStack() as stack,
    ):
        for group in all_consumers:
            writer = BatchWriter(servers.kafka.address, _topic(group.name), group.poll)
            await stack.enter_async_context(writer)
            others = (servers.kafka, *stores.servers)
            case = ConsumerCase(
                group.name, what[group.name], group.consumers, others, writer, group.partitions
            )
            await case.warm_up()
            cases.append(case)
        yield cases


def _topic(name: str) -> str:
    return f"bench.{name}"


class Parts(Group):
    """One consumer of all partitions, with and without its stores."""

    names: ClassVar = {
        "consumer": "the consumer with real stores",
        "consumer-full": "the consumer, with a MongoDB that answers at once and stores nothing",
        "consumer-poll": "as consumer-full, with votes in a poll of 100 entries",
        "consumer-redis": "the consumer without MongoDB",
        "consumer-alone": "the consumer without both stores",
    }

    @override
    @asynccontextmanager
    async def cases(self, servers: Servers) -> AsyncIterator[list[Case]]:
        stores = Stores(servers.folder, "parts")

        # One for each, as each keeps the positions of one topic.
        quick, quick_too = (
            QuickMongodbServer(name, free_port(), servers.folder / "parts")
            for name in ("quick-mongodb", "quick-mongodb-2")
        )
        alone, at_once = {"WITHOUT_TALLY": "true"}, {"MONGODB_URL": quick.url}
        real = {"program": "svc_consumer"}
        in_poll = {**real, "poll": "best", "MONGODB_URL": quick_too.url}
        consumers = [
            _consumers(servers, stores, "consumer", 1, 6, database=0, **real),
            _consumers(servers, stores, "consumer-full", 1, 6, database=1, **real, **at_once),
            _consumers(servers, stores, "consumer-poll", 1, 6, database=4, **in_poll),
            _consumers(servers, stores, "consumer-redis", 1, 6, database=2),
            _consumers(servers, stores, "consumer-alone", 1, 6, database=3, **alone),
        ]
        async with (
            servers.running(quick, quick_too),
            _running(servers, stores, self.names, consumers) as cases,
        ):
            yield cases


class Scale(Group):
    """The same consumer as 1, 2 and 4 processes that share 12 partitions."""

    names: ClassVar = {
        f"consumers-{count}": f"{count} consumers of 12 partitions, without MongoDB"
        for count in _PROCESSES
    }

    @override
    @asynccontextmanager
    async def cases(self, servers: Servers) -> AsyncIterator[list[Case]]:
        stores = Stores(servers.folder, "scale")
        consumers = [
            _consumers(servers, stores, f"consumers-{count}", count, 12, database=database)
            for database, count in enumerate(_PROCESSES)
        ]
        async with _running(servers, stores, self.names, consumers) as cases:
            yield cases
