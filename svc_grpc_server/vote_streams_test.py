"""`StreamVotes` of the real server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import grpc.aio
import pytest
from votes.v1 import votes_pb2, votes_pb2_grpc

from harness.processes.waiting import STUCK_SECONDS, until
from svc_grpc_server.poll_service import PollEvents, PollService
from svc_grpc_server.request import VOTES_MAX
from svc_grpc_server.server import serve_votes
from svc_grpc_server.vote_service import VoteService
from voting.casting.sink import OnResult
from voting.domain.codec import NewRecord, to_message
from voting.domain.known_albums import KnownAlbums
from voting.polls.known_polls import KnownPolls
from voting.service.lifecycle import Readiness
from voting.testing.examples import VOTE, vote_with

ACCEPTED = votes_pb2.VoteStatus.OUTCOME_ACCEPTED
INVALID = votes_pb2.VoteStatus.OUTCOME_INVALID
REQUEST = votes_pb2.CastVotesRequest(votes=[to_message(VOTE)])

type Call = grpc.aio.StreamStreamCall[votes_pb2.CastVotesRequest, votes_pb2.CastVotesResponse]


class Sink:
    """A `RecordSink` that acknowledges when told."""

    def __init__(self) -> None:
        self.held: list[OnResult] = []

    def append(self, _: NewRecord, on_result: OnResult) -> None:
        self.held.append(on_result)

    async def acknowledge(self) -> None:
        await until(lambda: bool(self.held), "a vote")
        self.held.pop(0)(None)


class Running:
    """A server, and a client of it."""

    def __init__(self) -> None:
        self.sink = Sink()
        self.readiness = Readiness()
        self.readiness.set_ready()
        self._client, self._server = AsyncExitStack(), AsyncExitStack()

    async def start(self) -> None:
        polls = KnownPolls()
        votes = VoteService(self.sink, KnownAlbums(), polls)
        events = PollService(PollEvents(polls))
        served = serve_votes(votes, events, self.readiness, "127.0.0.1", 0, 8, 64)
        port = await self._server.enter_async_context(served)
        channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
        self.stub = votes_pb2_grpc.VoteServiceStub(await self._client.enter_async_context(channel))

    async def stop(self) -> None:
        await self._server.aclose()

    async def close(self) -> None:
        await self._client.aclose()
        await self.stop()


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    made = Running()
    await made.start()
    yield made
    await made.close()


async def outcomes(stream: Call) -> list[int]:
    response = await stream.read()
    assert isinstance(response, votes_pb2.CastVotesResponse)
    return [status.outcome for status in response.statuses]


async def idle_stream(running: Running) -> Call:
    """Return a stream whose first request is answered."""
    stream: Call = running.stub.StreamVotes()
    await stream.write(REQUEST)
    await running.sink.acknowledge()
    assert await outcomes(stream) == [ACCEPTED]
    return stream


async def test_each_request_has_its_answer(running: Running) -> None:
    stream = await idle_stream(running)
    await stream.write(votes_pb2.CastVotesRequest(votes=[to_message(vote_with(name=""))]))
    assert await outcomes(stream) == [INVALID]
    await stream.write(votes_pb2.CastVotesRequest())
    assert await outcomes(stream) == []
    await stream.done_writing()
    assert await stream.read() is grpc.aio.EOF
    assert await stream.code() is grpc.StatusCode.OK


async def test_a_request_is_not_read_before_the_one_before_it_is_answered(
    running: Running,
) -> None:
    """However much a client sends, the server holds one request of a stream."""
    stream: Call = running.stub.StreamVotes()
    for _ in range(3):
        await stream.write(REQUEST)
    for _ in range(3):
        await running.sink.acknowledge()
        assert running.sink.held == []
        assert await outcomes(stream) == [ACCEPTED]


async def test_an_invalid_request_ends_its_stream_and_no_other(running: Running) -> None:
    other = await idle_stream(running)
    stream: Call = running.stub.StreamVotes()
    many = [to_message(VOTE)] * (VOTES_MAX + 1)
    await stream.write(votes_pb2.CastVotesRequest(votes=many))
    assert await stream.code() is grpc.StatusCode.INVALID_ARGUMENT
    await other.write(REQUEST)
    await running.sink.acknowledge()
    assert await outcomes(other) == [ACCEPTED]


async def test_a_server_that_is_not_ready_takes_no_stream(running: Running) -> None:
    running.readiness.set_not_ready("Kafka is away")
    stream: Call = running.stub.StreamVotes()
    assert await stream.code() is grpc.StatusCode.UNAVAILABLE


async def test_streams_end_when_the_server_is_no_longer_ready(running: Running) -> None:
    idle, busy = await idle_stream(running), await idle_stream(running)
    await busy.write(REQUEST)
    await until(lambda: len(running.sink.held) == 1, "the request")
    running.readiness.set_not_ready("Kafka is away")
    assert await idle.code() is grpc.StatusCode.OK
    await running.sink.acknowledge()
    assert await outcomes(busy) == [ACCEPTED]
    assert await busy.code() is grpc.StatusCode.OK


async def test_a_stopping_server_answers_what_it_read_and_waits_for_no_idle_stream(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("svc_grpc_server.server.GRACE_SECONDS", 600)
    idle, busy = await idle_stream(running), await idle_stream(running)
    await busy.write(REQUEST)
    await until(lambda: len(running.sink.held) == 1, "the request")
    running.readiness.drain()
    stopping = asyncio.create_task(running.stop())
    assert await idle.code() is grpc.StatusCode.OK
    await running.sink.acknowledge()
    assert await outcomes(busy) == [ACCEPTED]
    async with asyncio.timeout(STUCK_SECONDS):
        await stopping


async def test_a_stream_that_the_client_cancels_concerns_no_other(running: Running) -> None:
    stream, other = await idle_stream(running), await idle_stream(running)
    await stream.write(REQUEST)
    await until(lambda: len(running.sink.held) == 1, "the request")
    stream.cancel()
    await running.sink.acknowledge()  # the vote is stored all the same
    await other.write(REQUEST)
    await running.sink.acknowledge()
    assert await outcomes(other) == [ACCEPTED]
