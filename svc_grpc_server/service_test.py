import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc.aio
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from votes.v1 import votes_pb2, votes_pb2_grpc

from svc_grpc_server.server import SERVICE_NAME, address, serve_votes
from voting.codec import Record, encode_vote, record_of, to_message
from voting.examples import VOTE, vote_with
from voting.lifecycle import Readiness
from voting.vote_sink import Told, UnavailableError

STATUS = votes_pb2.VoteStatus
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Sink:
    """A `RecordSink` that keeps what it gets and fails on request."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.refuse: Exception | None = None
        self.fail: Exception | None = None

    def append(self, record: Record, told: Told) -> None:
        if self.refuse:
            raise self.refuse
        self.records.append(record)
        asyncio.get_running_loop().call_soon(told, self.fail)


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def readiness() -> Readiness:
    return Readiness()


@pytest.fixture
async def channel(sink: Sink, readiness: Readiness) -> AsyncIterator[grpc.aio.Channel]:
    async with (
        serve_votes(sink, readiness, "127.0.0.1", 0) as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        yield channel


async def cast(
    channel: grpc.aio.Channel, *votes: votes_pb2.Vote, **traceparents: str
) -> list[votes_pb2.VoteStatus]:
    request = votes_pb2.CastVotesRequest(votes=votes, traceparents=traceparents)
    response = await votes_pb2_grpc.VoteServiceStub(channel).CastVotes(request)
    return list(response.statuses)


async def test_each_vote_has_its_own_status(channel: grpc.aio.Channel, sink: Sink) -> None:
    other = vote_with(id="0b0e7c9e-4f1c-4c6a-9d7b-1f2e3d4c5b6a")
    wrong = to_message(vote_with(rank=100))
    wrong.rank = 101
    statuses = await cast(channel, to_message(VOTE), wrong, to_message(other))
    assert [(status.id, status.outcome) for status in statuses] == [
        (VOTE.id, STATUS.OUTCOME_ACCEPTED),
        (VOTE.id, STATUS.OUTCOME_INVALID),
        (other.id, STATUS.OUTCOME_ACCEPTED),
    ]
    assert statuses[1].detail == "rank: must be from 1 to 100"
    assert (statuses[1].field, statuses[1].reason) == ("rank", "must be from 1 to 100")
    assert sink.records == [record_of(VOTE), record_of(other)]


async def test_what_no_rule_knows_does_not_reach_the_log(
    channel: grpc.aio.Channel, sink: Sink
) -> None:
    field_99 = b"\x9a\x06\x03abc"
    await cast(channel, votes_pb2.Vote.FromString(encode_vote(VOTE) + field_99))
    assert sink.records == [record_of(VOTE)]


async def test_an_empty_request_has_an_empty_answer(channel: grpc.aio.Channel) -> None:
    assert await cast(channel) == []


async def test_the_trace_goes_with_its_vote(channel: grpc.aio.Channel, sink: Sink) -> None:
    await cast(channel, to_message(VOTE), **{VOTE.id: "00-abc"})
    assert sink.records == [record_of(VOTE, "00-abc")]


@pytest.mark.parametrize("moment", ["refuse", "fail"])
async def test_a_vote_that_cannot_be_stored_now_says_so(
    channel: grpc.aio.Channel, sink: Sink, moment: str
) -> None:
    setattr(sink, moment, UnavailableError("Kafka is away"))
    [status] = await cast(channel, to_message(VOTE))
    assert (status.outcome, status.detail) == (STATUS.OUTCOME_UNAVAILABLE, "Kafka is away")


async def health(channel: grpc.aio.Channel, wanted: int, service: str = SERVICE_NAME) -> None:
    """Wait until the health of `service` is as wanted."""
    request = health_pb2.HealthCheckRequest(service=service)
    async with asyncio.timeout(10):
        stub: Any = health_pb2_grpc.HealthStub(channel)  # its stubs know no asyncio
        async for answer in stub.Watch(request):
            if answer.status == wanted:
                return


@pytest.mark.parametrize("service", ["", SERVICE_NAME])
async def test_health_follows_readiness(
    channel: grpc.aio.Channel, readiness: Readiness, service: str
) -> None:
    changes: list[tuple[Callable[[], None], int]] = [
        (lambda: None, NOT_SERVING),
        (readiness.set_ready, SERVING),
        (lambda: readiness.set_not_ready("Kafka is away"), NOT_SERVING),
    ]
    for change, wanted in changes:
        change()
        await health(channel, wanted, service)


async def test_reflection_describes_the_service(channel: grpc.aio.Channel) -> None:
    request = reflection_pb2.ServerReflectionRequest(file_containing_symbol=SERVICE_NAME)
    stub_class: Any = reflection_pb2_grpc.ServerReflectionStub
    async for response in stub_class(channel).ServerReflectionInfo(iter([request])):
        [file] = response.file_descriptor_response.file_descriptor_proto
        described = FileDescriptorProto.FromString(file)
        assert [service.name for service in described.service] == ["VoteService"]
        break


@pytest.mark.parametrize(
    ("host", "expected"),
    [("0.0.0.0", "0.0.0.0:9090"), ("localhost", "localhost:9090"), ("::", "[::]:9090")],
)
def test_an_ipv6_address_is_put_in_brackets(host: str, expected: str) -> None:
    assert address(host, 9090) == expected
