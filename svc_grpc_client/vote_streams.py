"""`StreamVotes` calls that stay open, as a message in one costs half of a call of its own."""

import asyncio
from collections import deque
from typing import Final, cast

import grpc.aio
from prometheus_client import Counter
from votes.v1 import votes_pb2, votes_pb2_grpc

from svc_grpc_client.answers import checked, is_answer

# A stream stays with its server, so a new one now and then spreads the votes over all servers. It
# ends long before its connection does, which reaches its age and then lasts for ten seconds more.
LIFE_SECONDS: Final = 1.0

BROKEN: Final = Counter(
    "svc_grpc_client_streams_broken_total",
    "Streams that ended without the answer to a request, which was then sent again.",
)

type _Call = grpc.aio.StreamStreamCall[votes_pb2.CastVotesRequest, votes_pb2.CastVotesResponse]


class VoteStreams:
    """Sends requests in open streams. Each carries one request at a time.

    So what is in flight is bounded by the number of callers, an answer belongs to the last request,
    and a stream that breaks or is late concerns no other.
    """

    def __init__(self, stub: votes_pb2_grpc.VoteServiceStub, timeout_seconds: float) -> None:
        self._stub = stub
        self._timeout_seconds = timeout_seconds
        self._free: deque[_Stream] = deque()  # the one that was free the longest is first
        self._ending: set[asyncio.Task[None]] = set()

    async def ask(self, request: votes_pb2.CastVotesRequest) -> votes_pb2.CastVotesResponse:
        """Return the answer to a request; raises `AioRpcError`.

        What a stream does not answer is asked again in a call of its own, where gRPC's retries
        apply. Safe: a vote counts once per id. An older server knows no streams.
        """
        try:
            async with asyncio.timeout(self._timeout_seconds):
                stream = self._take()
                response = await stream.ask(request)
                if response is not None:
                    self._put_back(stream)
                    return response
                BROKEN.inc()
                return checked(await self._stub.CastVotes(request), request)
        except TimeoutError as error:
            raise grpc.aio.AioRpcError(
                grpc.StatusCode.DEADLINE_EXCEEDED,
                grpc.aio.Metadata(),
                grpc.aio.Metadata(),
                f"no answer in {self._timeout_seconds} s",
            ) from error

    def _take(self) -> _Stream:
        while self._free:
            stream = self._free.popleft()
            if not stream.ended:
                return stream
        return _Stream(self._stub.StreamVotes())

    def _put_back(self, stream: _Stream) -> None:
        if stream.is_young:
            self._free.append(stream)
        else:
            ending = asyncio.create_task(stream.end(self._timeout_seconds))
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)


class _Stream:
    """One `StreamVotes` call."""

    def __init__(self, call: _Call) -> None:
        self._call = call
        self._loop = asyncio.get_running_loop()
        self._until = self._loop.time() + LIFE_SECONDS

    @property
    def ended(self) -> bool:
        """Whether the server or the connection ended it."""
        return self._call.done()

    @property
    def is_young(self) -> bool:
        """Whether it should carry another request."""
        return self._loop.time() < self._until

    async def ask(self, request: votes_pb2.CastVotesRequest) -> votes_pb2.CastVotesResponse | None:
        """Return the answer to a request; None if the call ended without, or had another one."""
        try:
            await self._call.write(request)
            response = await self._call.read()
        except grpc.aio.AioRpcError, asyncio.InvalidStateError:
            return None
        except asyncio.CancelledError:
            self._call.cancel()
            raise
        if is_answer(response, request):
            return cast("votes_pb2.CastVotesResponse", response)
        self._call.cancel()  # what it says next would not be the next answer, either
        return None

    async def end(self, timeout_seconds: float) -> None:
        """End it, without a request in flight; a call that nobody holds would be cancelled.

        What its server has not ended by then is cancelled.
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._call.done_writing()
                await self._call.code()
        except grpc.aio.AioRpcError, asyncio.InvalidStateError, TimeoutError:
            self._call.cancel()
