"""Point 7: calls to the gRPC server that no route would make."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

import grpc.aio
from votes.v1 import votes_pb2

from chaos.hostile_clients.client import NAME, HostileClient
from chaos.hostile_clients.wire import Pace
from harness.processes.ports import HOST
from voting.client.samples import sample_vote
from voting.domain.codec import to_message
from voting.domain.vote import RESIDUES, Route, new_vote_id

_SERVICE: Final = votes_pb2.DESCRIPTOR.services_by_name["VoteService"].full_name
_METHOD: Final = f"/{_SERVICE}/CastVotes"
_EMPTY_VOTE: Final = b"\x0a\x00"
_EMPTY_VOTES: Final = 1_000_000
_LARGE: Final = 100_000_000
_STREAMS: Final = 400
_CHANNELS: Final = 20
_BIG_PER_SECOND: Final = 4.0
_SMALL_PER_SECOND: Final = 500.0
_TIMEOUT_SECONDS: Final = 20.0
_OPTIONS: Final = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_http_proxy", 0),
]


class GrpcCalls(HostileClient):
    """Makes large calls one after the other, and small ones on many streams at once."""

    name = "grpc"
    what = (
        "calls with a million empty votes, with 3.9 and 100 MB, and 400 streams on 20 connections"
    )

    async def attack(self) -> None:
        """Call on all streams at once."""
        target = f"{HOST}:{self._target.grpc}"
        channels = [grpc.aio.insecure_channel(target, options=_OPTIONS) for _ in range(_CHANNELS)]
        big, small = Pace(_BIG_PER_SECOND), Pace(_SMALL_PER_SECOND)
        try:
            async with asyncio.TaskGroup() as streams:
                for number in range(_STREAMS):
                    channel = channels[number % _CHANNELS]
                    make, pace = (self._vote, small) if number > 1 else (self._large, big)
                    streams.create_task(self._call(channel.unary_unary(_METHOD), make, pace))
        finally:
            await asyncio.gather(*(channel.close() for channel in channels))

    async def _call(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes],
        make: Callable[[], tuple[str, bytes]],
        pace: Pace,
    ) -> None:
        while True:
            await pace.turn()
            what, request = make()
            begin = time.monotonic()
            try:
                await method(request, timeout=_TIMEOUT_SECONDS)
                kind = "OK"
            except grpc.aio.AioRpcError as error:
                kind = error.code().name
            self.record.answers[f"{what}: {kind}"] += 1
            self.record.note(f"{what}, slowest (s)", time.monotonic() - begin)

    def _large(self) -> tuple[str, bytes]:
        return self._random.choice([_a_million, _as_large_as_may_be, _too_large, _many_parents])()

    def _vote(self) -> tuple[str, bytes]:
        vote = sample_vote(
            id=new_vote_id(self._random.randrange(RESIDUES)),
            name=NAME,
            album="grpc",
            route=Route.GRPC,
            cast_at_ms=int(time.time() * 1000),
        )
        request = votes_pb2.CastVotesRequest(votes=[to_message(vote)])
        return "one vote", request.SerializeToString()


def _a_million() -> tuple[str, bytes]:
    return "a million empty votes", _EMPTY_VOTE * _EMPTY_VOTES


def _as_large_as_may_be() -> tuple[str, bytes]:
    vote = votes_pb2.Vote(id=str(Route.GRPC), name=NAME, album="large" * 780_000)
    return "3.9 MB", votes_pb2.CastVotesRequest(votes=[vote]).SerializeToString()


def _too_large() -> tuple[str, bytes]:
    return "100 MB", bytes(_LARGE)


def _many_parents() -> tuple[str, bytes]:
    parents = {str(number): "x" * 20 for number in range(100_000)}
    request = votes_pb2.CastVotesRequest(traceparents=parents)
    return "100,000 traceparents", request.SerializeToString()
