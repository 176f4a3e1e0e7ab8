"""What traces cost the routes, at several shares of the votes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar, Final, override

from bench.apparatus.servers import Group, Servers
from bench.apparatus.turn import Case
from bench.cases.routes import RouteCase
from harness.processes.ports import HOST
from harness.processes.server import Server
from harness.servers.collector import Collector
from harness.servers.services import Service

_CONNECTIONS: Final = 64
_SHARES: Final = {"off": None, "0": 0.0, "1": 0.01, "100": 1.0}
"""The shares of votes that are traced, by the end of a case's name; None: traces are off."""
_WHAT: Final = {
    "off": "no traces",
    "0": "traces of no vote",
    "1": "traces of 1 % of the votes",
    "100": "traces of all votes",
}
_ROUTES: Final = {"http": "the HTTP route", "grpc": "the gRPC route"}
_ANSWER: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


class TracedRoutes(Group):
    """Both routes on the lean path, each compared with itself without traces."""

    names: ClassVar = {
        f"{route}-traces-{share}": f"{what}, lean path, {_WHAT[share]}"
        for route, what in _ROUTES.items()
        for share in _SHARES
    }

    @override
    @asynccontextmanager
    async def cases(self, servers: Servers) -> AsyncIterator[list[Case]]:
        servers.kafka.create_topics()
        async with _collector() as url:
            entries = {name: _parts(servers, name, url) for name in self.names}
            every = [server for parts in entries.values() for server in parts.values()]
            async with servers.running(*every):
                yield list(self._cases(servers, entries))

    def _cases(self, servers: Servers, entries: dict[str, dict[str, Service]]) -> list[Case]:
        found: dict[str, Case] = {}
        for name, parts in entries.items():
            entry, own = next(iter(parts.values())), dict[str, Server](parts)
            others = {"kafka": servers.kafka}
            case = RouteCase(name, self.names[name], entry, own, others, _CONNECTIONS)
            case.floor = found.get(f"{name.partition('-')[0]}-traces-off", case)
            found[name] = case
        return list(found.values())


def _parts(servers: Servers, name: str, url: str) -> dict[str, Service]:
    """Return the services of a case by program; the first takes the votes."""
    route, _, ending = name.split("-")
    share = _SHARES[ending]
    settings = {} if share is None else Collector(url, share).settings

    def made(program: str, **further: str) -> Service:
        return servers.service(f"{program}-{ending}", program=program, **settings, **further)

    if route == "http":
        return {"svc_http_route": made("svc_http_route")}
    server = made("svc_grpc_server")
    client = made("svc_grpc_client", GRPC_TARGET=server.grpc_target)
    return {"svc_grpc_client": client, "svc_grpc_server": server}


@asynccontextmanager
async def _collector() -> AsyncIterator[str]:
    """Run a collector that takes every trace and keeps none; yields its URL."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                await reader.readexactly(int(length))
                writer.write(_ANSWER)
        except asyncio.IncompleteReadError, ConnectionError:
            writer.close()

    async with await asyncio.start_server(take, HOST, 0, limit=1 << 24) as server:
        yield f"http://{HOST}:{server.sockets[0].getsockname()[1]}"
