"""Open streams of votes with the real gRPC server, whose votes go to a ledger in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast

import grpc.aio
import pytest
from votes.v1 import votes_pb2, votes_pb2_grpc

from harness.processes.ports import free_port
from harness.processes.waiting import until
from svc_grpc_client import vote_streams
from svc_grpc_client.settings import GrpcClientSettings
from svc_grpc_client.sink import GrpcSink
from svc_grpc_client.testing.vote_server import Ledger, vote_server
from svc_grpc_client.vote_streams import BROKEN, VoteStreams
from voting.casting.sink import UNKNOWN, cast_vote
from voting.domain.codec import to_message
from voting.service.lifecycle import Readiness
from voting.testing.examples import vote_with

ACCEPTED = votes_pb2.VoteStatus.OUTCOME_ACCEPTED
TIMEOUT_SECONDS = 6.0
IDS = [f"{number:08}-0000-4000-8000-000000000000" for number in range(100)]

type Answer = Callable[[votes_pb2.CastVotesRequest], votes_pb2.CastVotesResponse]
type Call = grpc.aio.StreamStreamCall[votes_pb2.CastVotesRequest, votes_pb2.CastVotesResponse]


class Stub:
    """The generated stub's methods; it keeps the streams and counts the calls of their own."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: Any = votes_pb2_grpc.VoteServiceStub(channel)
        self.streams: list[Call] = []
        self.alone = 0

    def StreamVotes(self) -> Call:  # noqa: N802 - the name is the schema's
        self.streams.append(self._stub.StreamVotes())
        return self.streams[-1]

    async def CastVotes(  # noqa: N802
        self, request: votes_pb2.CastVotesRequest
    ) -> votes_pb2.CastVotesResponse:
        self.alone += 1
        response: votes_pb2.CastVotesResponse = await self._stub.CastVotes(request)
        return response


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def long_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no stream end because of its age."""
    monkeypatch.setattr(vote_streams, "LIFE_SECONDS", 600)


@asynccontextmanager
async def streams(port: int) -> AsyncIterator[tuple[VoteStreams, Stub]]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = Stub(channel)
        yield VoteStreams(cast("votes_pb2_grpc.VoteServiceStub", stub), TIMEOUT_SECONDS), stub


async def ask(made: VoteStreams, vote_id: str = IDS[0]) -> None:
    """Cast a vote, which is accepted."""
    request = votes_pb2.CastVotesRequest(votes=[to_message(vote_with(id=vote_id))])
    response = await made.ask(request)
    assert [(status.id, status.outcome) for status in response.statuses] == [(vote_id, ACCEPTED)]


@pytest.mark.usefixtures("long_lives")
async def test_requests_one_after_the_other_share_a_stream(ledger: Ledger) -> None:
    async with vote_server(ledger) as (port, _), streams(port) as (made, stub):
        for vote_id in IDS:
            await ask(made, vote_id)
    assert (len(stub.streams), stub.alone) == (1, 0)
    assert ledger.ids == IDS


@pytest.mark.usefixtures("long_lives")
async def test_a_stream_has_one_request_at_a_time(ledger: Ledger) -> None:
    ledger.holds = True
    async with vote_server(ledger) as (port, _), streams(port) as (made, stub):
        asking = [asyncio.create_task(ask(made, vote_id)) for vote_id in IDS[:3]]
        await until(lambda: len(ledger.held) == 3, "three requests")
        assert len(stub.streams) == 3
        ledger.release()
        await asyncio.gather(*asking)
        await asyncio.gather(*(ask(made, vote_id) for vote_id in IDS[:3]))
    assert len(stub.streams) == 3


async def test_an_old_stream_ends_with_its_request_and_ok(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vote_streams, "LIFE_SECONDS", 0)
    async with vote_server(ledger) as (port, _), streams(port) as (made, stub):
        await ask(made)
        await ask(made)
        assert [await stream.code() for stream in stub.streams] == [grpc.StatusCode.OK] * 2
    assert stub.alone == 0


@pytest.mark.usefixtures("long_lives")
async def test_a_late_answer_ends_its_stream_and_no_other(ledger: Ledger) -> None:
    async with vote_server(ledger) as (port, _), streams(port) as (made, stub):
        await ask(made)
        ledger.holds = True
        made._timeout_seconds = 0.3
        with pytest.raises(grpc.aio.AioRpcError, match="DEADLINE_EXCEEDED"):
            await ask(made)
        made._timeout_seconds = TIMEOUT_SECONDS
        ledger.release()
        await ask(made)
        assert [stream.done() for stream in stub.streams] == [True, False]
    assert stub.alone == 0


class Scripted(votes_pb2_grpc.VoteServiceServicer):
    """Accepts the votes of calls, and of the first request in each stream, which then breaks."""

    def __init__(self, *, is_older: bool = False) -> None:
        """With `is_older` it knows no streams."""
        self._is_older = is_older

    async def CastVotes(  # noqa: N802 - the name is the schema's
        self, request: votes_pb2.CastVotesRequest, _: object
    ) -> votes_pb2.CastVotesResponse:
        status = votes_pb2.VoteStatus(id=request.votes[0].id, outcome=ACCEPTED)
        return votes_pb2.CastVotesResponse(statuses=[status])

    async def StreamVotes(  # noqa: N802
        self,
        requests: AsyncIterator[votes_pb2.CastVotesRequest],
        context: grpc.aio.ServicerContext[votes_pb2.CastVotesRequest, votes_pb2.CastVotesResponse],
    ) -> AsyncIterator[votes_pb2.CastVotesResponse]:
        if self._is_older:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "no such method")
        yield await self.CastVotes(await anext(requests), context)
        await anext(requests)
        await context.abort(grpc.StatusCode.INTERNAL, "broken")


class Wrong(votes_pb2_grpc.VoteServiceServicer):
    """Answers each request in a stream as told, and the requests of calls, too, or correctly."""

    def __init__(self, *answers: Answer, alone: Answer | None = None) -> None:
        self._answers = answers
        self._alone = alone
        self.ended = 0

    async def CastVotes(  # noqa: N802 - the name is the schema's
        self, request: votes_pb2.CastVotesRequest, _: object
    ) -> votes_pb2.CastVotesResponse:
        return (self._alone or right)(request)

    async def StreamVotes(  # noqa: N802
        self, requests: AsyncIterator[votes_pb2.CastVotesRequest], _: object
    ) -> AsyncIterator[votes_pb2.CastVotesResponse]:
        try:
            async for request in requests:
                for answer in self._answers:
                    yield answer(request)
            await asyncio.get_running_loop().create_future()  # it does not end the stream
        finally:
            self.ended += 1


def right(request: votes_pb2.CastVotesRequest) -> votes_pb2.CastVotesResponse:
    statuses = [votes_pb2.VoteStatus(id=vote.id, outcome=ACCEPTED) for vote in request.votes]
    return votes_pb2.CastVotesResponse(statuses=statuses)


def one_less(request: votes_pb2.CastVotesRequest) -> votes_pb2.CastVotesResponse:
    return votes_pb2.CastVotesResponse(statuses=right(request).statuses[1:])


def one_more(request: votes_pb2.CastVotesRequest) -> votes_pb2.CastVotesResponse:
    statuses = right(request).statuses
    return votes_pb2.CastVotesResponse(statuses=[*statuses, statuses[-1]])


def of_others(request: votes_pb2.CastVotesRequest) -> votes_pb2.CastVotesResponse:
    statuses = [votes_pb2.VoteStatus(id=IDS[-1], outcome=ACCEPTED) for _ in request.votes]
    return votes_pb2.CastVotesResponse(statuses=statuses)


def huge(request: votes_pb2.CastVotesRequest) -> votes_pb2.CastVotesResponse:
    response = right(request)
    response.statuses[0].detail = "x" * 5_000_000
    return response


def empty(_: votes_pb2.CastVotesRequest) -> votes_pb2.CastVotesResponse:
    return votes_pb2.CastVotesResponse()


WRONG: list[Answer] = [one_less, one_more, of_others, huge, empty]


@asynccontextmanager
async def scripted(service: votes_pb2_grpc.VoteServiceServicer) -> AsyncIterator[int]:
    server = grpc.aio.server()
    votes_pb2_grpc.add_VoteServiceServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield port
    await server.stop(None)


@pytest.mark.usefixtures("long_lives")
async def test_a_request_whose_stream_breaks_is_sent_again_in_a_call_of_its_own() -> None:
    broken = BROKEN._value.get()
    async with scripted(Scripted()) as port, streams(port) as (made, stub):
        for vote_id in IDS:
            await ask(made, vote_id)
    assert len(stub.streams) == stub.alone == len(IDS) / 2
    assert BROKEN._value.get() == broken + len(IDS) / 2


@pytest.mark.parametrize("wrong", WRONG)
async def test_an_answer_that_is_not_the_requests_breaks_the_stream(wrong: Answer) -> None:
    async with scripted(Wrong(wrong)) as port, streams(port) as (made, stub):
        for vote_id in IDS[:5]:
            await ask(made, vote_id)
        await until(lambda: all(call.done() for call in stub.streams), "the end of the streams")
    assert len(stub.streams) == stub.alone == 5


@pytest.mark.usefixtures("long_lives")
async def test_a_second_answer_accepts_no_vote_of_the_next_request() -> None:
    def unavailable(request: votes_pb2.CastVotesRequest) -> votes_pb2.CastVotesResponse:
        response = right(request)
        response.statuses[0].outcome = votes_pb2.VoteStatus.OUTCOME_UNAVAILABLE
        return response

    async with scripted(Wrong(right, right, alone=unavailable)) as port, streams(port) as (made, _):
        await ask(made, IDS[0])
        request = votes_pb2.CastVotesRequest(votes=[to_message(vote_with(id=IDS[1]))])
        assert await made.ask(request) == unavailable(request)


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_vote_without_its_own_status_is_not_accepted(wrong: Answer) -> None:
    async with scripted(Wrong(wrong, alone=wrong)) as port, sink(port) as (made, _):
        votes = [cast_vote(made, vote_with(id=made.new_id())) for _ in range(10)]
        await asyncio.wait(votes)
    assert {str(vote.exception()) for vote in votes} == {UNKNOWN}


async def test_a_status_of_another_vote_accepts_none() -> None:
    def crossed(request: votes_pb2.CastVotesRequest) -> votes_pb2.CastVotesResponse:
        first, *others = right(request).statuses
        return votes_pb2.CastVotesResponse(statuses=[first, *reversed(others)])

    async with scripted(Wrong(crossed, alone=crossed)) as port, sink(port) as (made, _):
        ids = [made.new_id() for _ in range(3)]
        votes = [cast_vote(made, vote_with(id=vote_id)) for vote_id in ids]
        await asyncio.wait(votes)
    assert [vote.exception() and str(vote.exception()) for vote in votes] == [
        None,
        UNKNOWN,
        UNKNOWN,
    ]


async def test_streams_that_a_server_does_not_end_are_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(vote_streams, "LIFE_SECONDS", 0)
    end = vote_streams._Stream.end
    monkeypatch.setattr(vote_streams._Stream, "end", lambda stream, _: end(stream, 0.5))
    service = Wrong(right)
    async with scripted(service) as port, streams(port) as (made, stub):
        for vote_id in IDS[:20]:
            await ask(made, vote_id)
        await until(lambda: service.ended == 20, "the end of all streams")
    assert (len(stub.streams), stub.alone) == (20, 0)


async def test_votes_with_the_longest_names_leave_in_requests_that_a_server_reads(
    ledger: Ledger,
) -> None:
    async with vote_server(ledger) as (port, _), sink(port) as (made, readiness):
        await until(lambda: readiness.ready, "a ready server")
        longest = {"name": "\U0001f3b5" * 200, "album": "\U0001f3b6" * 200}
        ids = [made.new_id() for _ in range(500)]
        await asyncio.gather(*(cast_vote(made, vote_with(id=own, **longest)) for own in ids))
    assert sorted(ledger.ids) == sorted(ids)


async def test_an_older_server_gets_calls() -> None:
    async with scripted(Scripted(is_older=True)) as port, streams(port) as (made, stub):
        for vote_id in IDS:
            await ask(made, vote_id)
    assert stub.alone == len(IDS)


async def test_a_stream_that_ended_while_it_was_idle_is_not_used(ledger: Ledger) -> None:
    async with vote_server(ledger) as (port, readiness), streams(port) as (made, stub):
        await ask(made)
        readiness.set_not_ready("Kafka is away")
        assert await stub.streams[0].code() is grpc.StatusCode.OK
        readiness.set_ready()
        await ask(made)
    assert (len(stub.streams), stub.alone) == (2, 0)


@asynccontextmanager
async def sink(*ports: int) -> AsyncIterator[tuple[GrpcSink, Readiness]]:
    readiness = Readiness()
    target = "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports)
    made = GrpcSink(GrpcClientSettings(grpc_target=target), readiness)
    await made.start()
    yield made, readiness
    await made.stop()


async def test_streams_are_spread_over_all_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vote_streams, "LIFE_SECONDS", 0)
    ledgers = [Ledger() for _ in range(3)]
    async with AsyncExitStack() as running:
        servers = [await running.enter_async_context(vote_server(ledger)) for ledger in ledgers]
        made, _ = await running.enter_async_context(sink(*(port for port, _ in servers)))
        while not all(ledger.ids for ledger in ledgers):
            await cast_vote(made, vote_with(id=made.new_id()))
        before = [len(ledger.ids) for ledger in ledgers]
        for _ in range(30):
            await cast_vote(made, vote_with(id=made.new_id()))
    added = [len(ledger.ids) - number for ledger, number in zip(ledgers, before, strict=True)]
    assert added == [10, 10, 10]


class Restarting:
    """A server that can be replaced."""

    def __init__(self, ledger: Ledger) -> None:
        self.port = free_port()
        self._ledger = ledger

    async def start(self) -> None:
        self._running = AsyncExitStack()
        _, self._readiness = await self._running.enter_async_context(
            vote_server(self._ledger, self.port)
        )

    async def stop(self) -> None:
        """Stop as the service does on SIGTERM."""
        self._readiness.drain()
        await self._running.aclose()


async def test_no_vote_fails_while_servers_restart_one_after_the_other(ledger: Ledger) -> None:
    accepted: list[str] = []
    stopping = False

    async def vote(made: GrpcSink) -> None:
        while not stopping:
            vote_id = made.new_id()
            await cast_vote(made, vote_with(id=vote_id))
            accepted.append(vote_id)

    servers = [Restarting(ledger) for _ in range(2)]
    for server in servers:
        await server.start()
    async with sink(*(server.port for server in servers)) as (made, readiness):
        await until(lambda: readiness.ready, "a ready server")
        voting = [asyncio.create_task(vote(made)) for _ in range(16)]
        for server in servers * 3:
            await server.stop()
            await server.start()
            enough = len(accepted) + 200
            await until(lambda enough=enough: len(accepted) > enough, "votes")  # type: ignore[misc]
        stopping = True
        await asyncio.gather(*voting)
    for server in servers:
        await server.stop()
    assert len(set(accepted)) == len(accepted)
    assert set(accepted) <= set(ledger.ids)
