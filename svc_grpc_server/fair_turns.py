"""Whoever sends many requests waits for them, and nobody else does."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic, perf_counter
from typing import Final

from grpc.aio import ServicerContext
from votes.v1 import votes_pb2

from svc_grpc_server.request import read_request

# Requests of as many votes never take long. They are those of calm hours, when a task costs most.
_FEW_VOTES: Final = 64
# More than the batches of ordinary load take.
_LONG_SECONDS: Final = 0.002
# How long another address's last request is a reason to leave it room.
_SHARED_SECONDS: Final = 5.0

type Context = ServicerContext[bytes, bytes]
type Answer = Callable[[bytes, Context], Awaitable[bytes]]
type Request = votes_pb2.CastVotesRequest | None
type CastVotes = Callable[[Request, Context], Awaitable[votes_pb2.CastVotesResponse]]


class FairTurns:
    """Answers a few requests of each address at a time; its further ones wait their turn.

    So an address gains nothing by more connections, and the queue of votes has room for others. A
    request is parsed in its turn, and an answer that waits for its client is bytes: both take less.

    After a request that kept the event loop for long, as hundreds of votes do, its address pauses
    for as long. gRPC takes streams in the order in which they came, so others may be behind. An
    address that has had the server to itself for a while does not pause.
    """

    def __init__(self, cast_votes: CastVotes, at_a_time: int) -> None:
        self._cast_votes = cast_votes
        self._at_a_time = at_a_time
        self._lines: dict[str, _Line] = {}
        self._newest = ""  # the address of the newest request
        self._changed_at = -_SHARED_SECONDS  # when that was last another one

    @property
    def addresses(self) -> int:
        """How many addresses have requests now."""
        return len(self._lines)

    async def answer(self, request: bytes, context: Context) -> bytes:
        """Return the answer to a request; both are encoded."""
        address = context.peer().rpartition(":")[0]  # without the port
        line = self._lines.get(address)
        if line is None:
            line = self._lines[address] = _Line(self._at_a_time)
        line.requests += 1
        if address != self._newest:
            if self._newest:
                self._changed_at = monotonic()
            self._newest = address
        try:
            await line.turns.acquire()
        except asyncio.CancelledError:
            self._leave(address, line)
            raise
        try:
            votes = read_request(request)
            if line.starts.locked() or (votes is not None and len(votes.votes) > _FEW_VOTES):
                return await self._answer_after_others(votes, context, line.starts)
            return await self._answer(votes, context)
        finally:
            # Not at once: a request that is answered without waiting for anything would never be
            # seen to have a turn, and all of them would be answered before others are read.
            asyncio.get_running_loop().call_soon(self._end, address, line)

    async def _answer_after_others(
        self, request: Request, context: Context, starts: asyncio.Lock
    ) -> bytes:
        async with starts:
            begin = perf_counter()
            answering = asyncio.Task(self._answer(request, context), eager_start=True)
            spent = perf_counter() - begin
            if spent > _LONG_SECONDS and monotonic() < self._changed_at + _SHARED_SECONDS:
                try:
                    await asyncio.sleep(spent)
                except asyncio.CancelledError:
                    answering.cancel()
                    raise
        return await answering

    async def _answer(self, request: Request, context: Context) -> bytes:
        response = await self._cast_votes(request, context)
        return response.SerializeToString()

    def _end(self, address: str, line: _Line) -> None:
        line.turns.release()
        self._leave(address, line)

    def _leave(self, address: str, line: _Line) -> None:
        line.requests -= 1
        if not line.requests:
            del self._lines[address]


class _Line:
    """The requests of an address."""

    def __init__(self, at_a_time: int) -> None:
        self.turns = asyncio.Semaphore(at_a_time)
        self.starts = asyncio.Lock()
        self.requests = 0  # that have or await their turn
