"""What one client can take of the real server, at the bound."""

import asyncio
import contextlib
import struct
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import grpc.aio
import pytest
from votes.v1 import votes_pb2, votes_pb2_grpc

from harness.processes.waiting import until
from svc_grpc_server import server
from svc_grpc_server.poll_service import PollEvents, PollService
from svc_grpc_server.server import serve_votes
from svc_grpc_server.vote_service import VoteService
from voting.casting.sink import OnResult
from voting.domain.codec import NewRecord, to_message
from voting.domain.known_albums import KnownAlbums
from voting.polls.known_polls import KnownPolls
from voting.service.lifecycle import Readiness
from voting.testing.examples import VOTE

CALLS: Final = 8
CONNECTIONS: Final = 5
type Method = grpc.aio.StreamStreamMultiCallable[bytes, bytes]

OPENING: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
PING: Final = struct.pack(">BHBBI", 0, 8, 6, 0, 0) + bytes(8)


class Holding:
    """A `RecordSink` that never acknowledges."""

    def __init__(self) -> None:
        self.records = 0

    def append(self, _: NewRecord, __: OnResult) -> None:
        self.records += 1


@asynccontextmanager
async def running(sink: Holding) -> AsyncIterator[int]:
    """Run a server with few connections; yields its port."""
    polls, readiness = KnownPolls(), Readiness()
    readiness.set_ready()
    votes = VoteService(sink, KnownAlbums(), polls)
    events = PollService(PollEvents(polls))
    bounds = CALLS, CONNECTIONS
    async with serve_votes(votes, events, readiness, "127.0.0.1", 0, *bounds) as port:
        yield port


class Connection:
    """A connection with HTTP/2 by hand."""

    async def open(self, port: int) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)

    async def is_served(self) -> bool:
        """Whether the server answers the first bytes; else it closes the connection."""
        self._writer.write(OPENING)
        with contextlib.suppress(OSError):
            return bool(await self._reader.read(9))
        return False

    async def closed(self) -> None:
        """Wait until the server closes it."""
        with contextlib.suppress(OSError):
            while await self._reader.read(100):
                pass

    async def flood(self) -> None:
        """Send pings, whose answers nobody reads, until no more are taken."""
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]
        self._writer.write(OPENING + PING * 100_000)
        size = 0
        while size != (left := self._writer.transport.get_write_buffer_size()):
            size = left
            await asyncio.sleep(0.2)

    def close(self) -> None:
        self._writer.transport.abort()


@asynccontextmanager
async def connections(port: int, number: int) -> AsyncIterator[list[Connection]]:
    async with AsyncExitStack() as ends:
        opened = [Connection() for _ in range(number)]
        for connection in opened:
            await connection.open(port)
            ends.callback(connection.close)
        yield opened


async def test_further_connections_are_closed_until_one_ends() -> None:
    async with running(Holding()) as port, connections(port, CONNECTIONS) as taken:
        assert all([await connection.is_served() for connection in taken])
        async with connections(port, 1) as [further]:
            assert not await further.is_served()
        taken[0].close()

        async def is_served() -> bool:
            async with connections(port, 1) as [next_one]:
                return await next_one.is_served()

        async with asyncio.timeout(20):
            while not await is_served():
                pass


async def test_a_silent_connection_makes_room() -> None:
    async with running(Holding()) as port, connections(port, 1) as [silent]:
        async with asyncio.timeout(30):
            await silent.closed()


async def test_what_a_stream_has_not_read_stays_with_the_client() -> None:
    """A window that followed the bandwidth took nine megabytes."""
    request = votes_pb2.CastVotesRequest(votes=[to_message(VOTE)], traceparents={"": "x" * 100_000})
    message = request.SerializeToString()
    async with (
        running(Holding()) as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        method: Method = channel.stream_stream("/votes.v1.VoteService/StreamVotes")
        stream = method()
        written = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(3):
                for written in range(100):  # noqa: B007 - how many were taken
                    await stream.write(message)
        stream.cancel()
    assert written < 4


async def test_a_client_that_reads_nothing_does_not_hold_up_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """gRPC itself would wait for another half a minute."""
    monkeypatch.setattr(server, "GRACE_SECONDS", 0.5)
    async with AsyncExitStack() as clients:
        async with running(Holding()) as port:
            [connection] = await clients.enter_async_context(connections(port, 1))
            await connection.flood()
            begin = time.monotonic()
        assert time.monotonic() - begin < 20


async def test_an_address_gains_nothing_by_more_connections() -> None:
    sink = Holding()
    request = votes_pb2.CastVotesRequest(votes=[to_message(VOTE)])
    async with AsyncExitStack() as running_all:
        port = await running_all.enter_async_context(running(sink))
        calls = []
        for _ in range(3):
            channel = grpc.aio.insecure_channel(
                f"127.0.0.1:{port}", options=[("grpc.use_local_subchannel_pool", 1)]
            )
            stub = votes_pb2_grpc.VoteServiceStub(await running_all.enter_async_context(channel))
            for _ in range(CALLS):
                calls.append(stub.StreamVotes())
                await calls[-1].write(request)
        await until(lambda: sink.records == CALLS, "the requests of one address")
        for call in calls:
            call.cancel()
