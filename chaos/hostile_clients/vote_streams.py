"""Point 8: streams of votes that send nothing, send in pieces, read nothing, or send much."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from votes.v1 import votes_pb2

from chaos.hostile_clients.client import NAME, HostileClient
from chaos.hostile_clients.http2 import Http2Connection, message
from chaos.hostile_clients.wire import Pace

_SERVICE: Final = votes_pb2.DESCRIPTOR.services_by_name["VoteService"].full_name
_METHOD: Final = f"/{_SERVICE}/StreamVotes"
_CONNECTIONS: Final = 40  # of 48 that a server takes
_STREAMS: Final = 8
_VOTES: Final = 500
_BYTES: Final = 128 * 1024
_IN_A_ROW: Final = 20
_RESETS: Final = 200
_OPENED_PER_SECOND: Final = 20.0
_HOLD_SECONDS: Final = 30.0

type _Behaviour = Callable[[Http2Connection], Awaitable[None]]


class VoteStreams(HostileClient):
    """Keeps as many streams to svc_grpc_server busy as its connections may have."""

    name = "streams"
    what = (
        "40 connections with 8 streams of votes each: silent, with requests in pieces, with 500 "
        "invalid votes whose answers are not read, many of these in a row, reset at once"
    )

    async def attack(self) -> None:
        """Keep all of these connections open, and reopen those that end."""
        vote = votes_pb2.Vote(id="x" * 36, name=NAME[:60])
        self._invalid = message(
            votes_pb2.CastVotesRequest(votes=[vote] * _VOTES).SerializeToString()
        )
        self._pieces = message(bytes(_BYTES))[:-1]
        pace = Pace(_OPENED_PER_SECOND)
        behaviours: list[tuple[str, int, _Behaviour]] = [
            ("silent", 65_535, self._silent),
            ("in pieces", 65_535, self._in_pieces),
            ("not read", 0, self._not_read),
            ("in a row", 65_535, self._in_a_row),
            ("reset", 65_535, self._reset),
        ]
        async with asyncio.TaskGroup() as connections:
            for number in range(_CONNECTIONS):
                behaviour = behaviours[number % len(behaviours)]
                connections.create_task(self._reconnect(pace, *behaviour))

    async def _reconnect(self, pace: Pace, what: str, window: int, behaviour: _Behaviour) -> None:
        while True:
            await pace.turn()
            connection = Http2Connection()
            try:
                await connection.open(self._target.grpc, window)
            except OSError as error:
                self.record.answers[f"{what}: {type(error).__name__}"] += 1
                continue
            try:
                with suppress(OSError):
                    await behaviour(connection)
                with suppress(TimeoutError):
                    async with asyncio.timeout(_HOLD_SECONDS):
                        await connection.lost()
                        self.record.answers[f"{what}: connection closed"] += 1
            finally:
                for ended in connection.ended.values():
                    self.record.answers[f"{what}: stream {ended}"] += 1
                await connection.close()

    async def _silent(self, connection: Http2Connection) -> None:
        for stream in _streams():
            connection.start(stream, _METHOD)

    async def _in_pieces(self, connection: Http2Connection) -> None:
        await self._send(connection, self._pieces)

    async def _not_read(self, connection: Http2Connection) -> None:
        await self._send(connection, self._invalid * 2)

    async def _in_a_row(self, connection: Http2Connection) -> None:
        await self._send(connection, self._invalid * _IN_A_ROW)

    async def _reset(self, connection: Http2Connection) -> None:
        for number in range(_RESETS):
            connection.start(2 * number + 1, _METHOD)
            connection.reset(2 * number + 1)

    async def _send(self, connection: Http2Connection, data: bytes) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_HOLD_SECONDS), asyncio.TaskGroup() as sending:
                for stream in _streams():
                    connection.start(stream, _METHOD)
                    sending.create_task(connection.send(stream, data))


def _streams() -> range:
    return range(1, 2 * _STREAMS, 2)
