"""The routes, and what they are compared with: an empty handler, and writing to Kafka alone."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import ClassVar, Final, override

from bench.apparatus.errors import BenchError
from bench.apparatus.load import Load
from bench.apparatus.servers import Group, Servers
from bench.apparatus.turn import Case, Meter, Turn
from bench.cases.kafka_write import KafkaWrite
from bench.cases.tokens import (
    TOKEN_NAMES,
    TOKEN_RULES,
    TOKEN_SETTINGS,
    new_browsers,
    token_cases,
    token_load,
)
from harness.filler.open_polls import open_polls
from harness.processes.server import Server
from harness.processes.waiting import until
from harness.servers.services import Service
from harness.voters.ticket_holders import TicketHolders
from voting.voters.keys import new_key, read_keys

CONNECTIONS: Final = (64, 256)
FLOOR: Final = "floor-64"
_WARM_UP_SECONDS: Final = 0.2

_ROUTES: Final = {
    "floor": "an empty Sanic handler",
    "http": "the HTTP route, lean path",
    "http-plain": "the HTTP route, Sanic's own handler",
    "grpc": "the gRPC route, lean path",
    "grpc-plain": "the gRPC route, Sanic's own handler",
    "http-poll": "the HTTP route, lean path, votes in a poll",
    "grpc-poll": "the gRPC route, lean path, votes in a poll",
    "http-voter": "the HTTP route, lean path, votes in a poll with voters' tokens",
    "grpc-voter": "the gRPC route, lean path, votes in a poll with voters' tokens",
}
_IN_POLL, _OF_VOTERS = "-poll", "-voter"
_POLL: Final = "bench"
_VOTER_KEY: Final = new_key(1)
_HOLDERS: Final = TicketHolders("bench-voters", read_keys(_VOTER_KEY), 1)
_WRITES: Final = {
    "kafka-64": "writing to Kafka alone, batches of 64",
    "kafka-1000": "writing to Kafka alone, batches of 1,000",
}


class RouteCase(Case):
    """Votes to one service over many connections, each as fast as it is answered."""

    def __init__(
        self,
        name: str,
        what: str,
        entry: Server,
        own: Mapping[str, Server],
        others: Mapping[str, Server],
        connections: int,
        poll: str = "",
        holders: TicketHolders | None = None,
    ) -> None:
        """`entry` takes the votes, `own` are the processes of the route."""
        super().__init__(name, what, tuple(own))
        self._entry = entry
        self._servers = {**own, **others}
        self._connections = connections
        self._poll = poll
        self._holders = holders

    @override
    async def turn(self, seconds: float) -> Turn:
        async with Load(
            [self._entry], self._connections, poll=self._poll, holders=self._holders
        ) as load:
            await load.run(min(_WARM_UP_SECONDS, seconds))
            load.reset()
            meter = Meter(self._servers)
            await load.run(seconds)
            turn = meter.turn(load.accepted)
            return turn.with_latencies(load.latencies)


def floor_case(servers: Servers, connections: int = 64) -> RouteCase:
    """Return the case of the empty handler."""
    name = f"floor-{connections}"
    what = f"{_ROUTES['floor']}, {connections} connections"
    return RouteCase(name, what, servers.floor, {"floor": servers.floor}, {}, connections)


class Routes(Group):
    """Both routes, lean path on and off, at 64 and at 256 connections; and svc_voters."""

    names: ClassVar = {
        f"{name}-{connections}": f"{what}, {connections} connections"
        for connections in CONNECTIONS
        for name, what in _ROUTES.items()
    } | {**_WRITES, **TOKEN_NAMES}

    @override
    @asynccontextmanager
    async def cases(self, servers: Servers) -> AsyncIterator[list[Case]]:
        servers.kafka.create_topics()
        polls = {_POLL: None, _HOLDERS.rules.scope: _HOLDERS.rules, TOKEN_RULES.scope: TOKEN_RULES}
        await open_polls(servers.kafka.address, polls)
        grpc_server = servers.service("svc_grpc_server")
        entries: dict[str, Service] = {}
        for name, program in (("http", "svc_http_route"), ("grpc", "svc_grpc_client")):
            for kind, lean in (("", "true"), ("-plain", "false")):
                entries[name + kind] = servers.service(
                    f"{program}{kind}",
                    program=program,
                    LEAN_PATH=lean,
                    GRPC_TARGET=grpc_server.grpc_target,
                    VOTER_KEYS=_VOTER_KEY,
                )
        voters = servers.service("svc_voters", VOTER_KEYS=_VOTER_KEY, **TOKEN_SETTINGS)
        async with (
            servers.running(grpc_server, voters, *entries.values()),
            KafkaWrite.cases(servers.kafka) as writes,
        ):
            for entry in entries.values():
                await until(partial(_takes_votes, entry), f"the poll at {entry.name}")
            await until(partial(_gives_tokens, voters), f"the poll at {voters.name}")
            keys = read_keys(_VOTER_KEY).scope_keys(TOKEN_RULES.key, TOKEN_RULES.scope)
            tokens = token_cases(voters, {"kafka": servers.kafka}, keys)
            yield [*self._routes(servers, grpc_server, entries), *writes, *tokens]

    def _routes(
        self, servers: Servers, grpc_server: Service, entries: Mapping[str, Service]
    ) -> Sequence[Case]:
        found: list[Case] = []
        for connections in CONNECTIONS:
            found.append(floor_case(servers, connections))
            polls = {
                f"{route}{kind}": entries[route]
                for kind in (_IN_POLL, _OF_VOTERS)
                for route in ("http", "grpc")
            }
            for kind, entry in {**entries, **polls}.items():
                name = f"{kind}-{connections}"
                poll = _POLL if kind.endswith(_IN_POLL) else ""
                holders = _HOLDERS if kind.endswith(_OF_VOTERS) else None
                own: dict[str, Server] = {entry.program: entry}
                if kind.startswith("grpc"):
                    own["svc_grpc_server"] = grpc_server
                others = {"kafka": servers.kafka}
                what = self.names[name]
                case = RouteCase(name, what, entry, own, others, connections, poll, holders)
                found.append(case)
        return found


async def _takes_votes(route: Service) -> bool:
    """Whether the route takes a vote in the poll, which it reads from Kafka in the background."""
    async with Load([route], 1, poll=_POLL) as load:
        with suppress(BenchError):
            await load.run(1, votes=1)
        return load.accepted > 0


async def _gives_tokens(voters: Service) -> bool:
    """Whether the service knows the poll."""
    async with token_load(voters, 1, new_browsers(voters)) as load:
        with suppress(BenchError):
            await load.run(1, votes=1)
        return load.accepted > 0
