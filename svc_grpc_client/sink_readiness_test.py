"""How both gRPC sinks follow the health of a server, and come back after it was lost."""

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from grpc_health.v1 import health_pb2

from harness.processes.ports import free_port
from svc_grpc_client import vote_calls
from svc_grpc_client.sink import GrpcSink
from svc_grpc_client.testing.scripted_server import (
    NAME,
    Kind,
    ScriptedService,
    server,
    sink,
    until,
)
from svc_grpc_client.unary_sink import UnarySink
from voting.casting.sink import UnavailableError, cast_vote
from voting.service.lifecycle import Readiness
from voting.testing.examples import VOTE, vote_with


@pytest.fixture(params=[GrpcSink, UnarySink])
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


async def test_readiness_follows_the_server_and_its_health(kind: Kind) -> None:
    service = ScriptedService()
    not_serving = health_pb2.HealthCheckResponse.NOT_SERVING
    serving = health_pb2.HealthCheckResponse.SERVING
    async with (
        server(service, status=not_serving) as (port, servicer),
        sink(kind, port) as (grpc_sink, readiness),
    ):
        await until(lambda: "gRPC server" in (readiness.reason or ""), readiness)
        with pytest.raises(UnavailableError):
            await cast_vote(grpc_sink, VOTE)

        await servicer.set(NAME, serving)
        await until(lambda: readiness.ready, readiness)
        await cast_vote(grpc_sink, VOTE)

        await servicer.set(NAME, not_serving)
        await until(lambda: not readiness.ready, readiness)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reconnecting may take longer than a test waits."""
    monkeypatch.setattr(vote_calls, "_GRACE_SECONDS", 60.0)


@pytest.mark.usefixtures("patient")
async def test_a_connection_that_reaches_its_maximum_age_leaves_the_service_ready(
    kind: Kind,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each minute the log had `not ready`, and `ready` two milliseconds later."""
    caplog.set_level(logging.INFO)
    service, not_ready = ScriptedService(), 0

    async def count(readiness: Readiness) -> None:
        nonlocal not_ready
        while True:
            await readiness.changed()
            not_ready += not readiness.ready

    async with server(service, age_ms=200) as (port, _), sink(kind, port) as (grpc_sink, readiness):
        await until(lambda: readiness.ready, readiness)
        counting = asyncio.create_task(count(readiness))
        async with asyncio.timeout(30):
            while len(service.peers) < 5:
                await cast_vote(grpc_sink, vote_with(id=grpc_sink.new_id()))
        assert readiness.ready
        counting.cancel()
    assert not_ready == 0
    assert caplog.messages.count("ready") == 1


@pytest.mark.usefixtures("patient")
async def test_a_lost_server_makes_the_service_unready_before_the_grace_period_ends(
    kind: Kind,
) -> None:
    async with sink(kind, port := free_port()) as (_, readiness):
        async with server(ScriptedService(), port):
            await until(lambda: readiness.ready, readiness)
        await until(lambda: not readiness.ready, readiness)
        assert readiness.reason == f"waiting for a ready gRPC server at dns:///127.0.0.1:{port}"


class Relay:
    """Forwards connections to a server; once `silent`, it accepts new ones and does nothing."""

    def __init__(self, port: int) -> None:
        self.silent = False
        self._port = port

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Listen on a free port; at the end, every connection is closed."""
        loop, forwarding = asyncio.get_running_loop(), []
        with contextlib.ExitStack() as sockets:
            listener = sockets.enter_context(socket.create_server(("127.0.0.1", 0)))

            def accept() -> None:
                connection, _ = listener.accept()
                sockets.enter_context(connection)
                forwarding.append(asyncio.create_task(self._forward(connection)))

            loop.add_reader(listener, accept)
            yield listener.getsockname()[1]
            loop.remove_reader(listener)
            for task in forwarding:
                task.cancel()
            await asyncio.wait(forwarding)

    async def _forward(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        if self.silent:
            await loop.create_future()
        with socket.socket() as server:
            for side in (connection, server):
                side.setblocking(False)
            await loop.sock_connect(server, ("127.0.0.1", self._port))
            async with asyncio.TaskGroup() as copying:
                copying.create_task(_copy(connection, server))
                copying.create_task(_copy(server, connection))


async def _copy(source: socket.socket, target: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError):
        while data := await loop.sock_recv(source, 65_536):
            await loop.sock_sendall(target, data)
        target.shutdown(socket.SHUT_WR)


async def test_a_reconnect_that_hangs_shows_after_the_grace_period(kind: Kind) -> None:
    async with server(ScriptedService(), age_ms=200) as (port, _):
        relay = Relay(port)
        async with relay.listening() as relay_port, sink(kind, relay_port) as (_, readiness):
            await until(lambda: readiness.ready, readiness)
            relay.silent = True
            begin = time.monotonic()
            await until(lambda: not readiness.ready, readiness)
            assert time.monotonic() - begin >= 1


async def test_a_server_that_comes_back_is_used_again(kind: Kind) -> None:
    service = ScriptedService()
    async with server(service) as (port, _):
        pass
    async with sink(kind, port) as (grpc_sink, readiness):
        await until(lambda: "gRPC server" in (readiness.reason or ""), readiness)
        async with server(service, port):
            await until(lambda: readiness.ready, readiness)
            await cast_vote(grpc_sink, VOTE)


async def test_a_proxy_in_the_environment_is_not_used(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with server(ScriptedService()) as (port, _), sink(kind, port) as (grpc_sink, _):
        await cast_vote(grpc_sink, VOTE)
