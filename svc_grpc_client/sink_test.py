"""What both gRPC sinks make of votes, with a real gRPC server and a scripted service."""

import asyncio

import grpc.aio
import pytest
from opentelemetry.trace import StatusCode
from votes.v1 import votes_pb2

from svc_grpc_client.settings import GrpcClientSettings
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
from voting.casting.sink import UNKNOWN, UnavailableError, cast_vote
from voting.domain.codec import to_message
from voting.domain.vote import RESIDUES, InvalidVoteError
from voting.service.clock_watch import now_ms
from voting.service.logs import configure_logging
from voting.testing.examples import VOTE, vote_with
from voting.testing.spans import PARENT, below, is_below, recorded_spans
from voting.tracing.trace_context import span_id_of, trace_id_of

STATUS = votes_pb2.VoteStatus


@pytest.fixture(params=[GrpcSink, UnarySink])
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


async def test_an_accepted_vote_has_no_error(kind: Kind) -> None:
    service = ScriptedService()
    async with server(service) as (port, _), sink(kind, port) as (grpc_sink, _):
        await cast_vote(grpc_sink, VOTE, "00-abc")
    [request] = service.requests
    assert list(request.votes) == [to_message(VOTE)]
    assert dict(request.traceparents) == {VOTE.id: "00-abc"}


async def test_a_sampled_vote_has_a_span_that_the_request_names(kind: Kind) -> None:
    service = ScriptedService()
    with recorded_spans() as recorded:
        async with server(service) as (port, _), sink(kind, port) as (grpc_sink, _):
            await asyncio.gather(
                cast_vote(grpc_sink, VOTE, PARENT),
                cast_vote(grpc_sink, vote_with(id=grpc_sink.new_id())),
            )
    [span] = recorded.spans
    assert (span.name, is_below(span, PARENT)) == (f"{NAME}/CastVotes", True)
    assert (span.attributes or {})["rpc.response.status_code"] == "OK"
    sent = [pair for request in service.requests for pair in request.traceparents.items()]
    assert sent == [(VOTE.id, below(span))]


async def test_a_refused_vote_fails_its_span(kind: Kind) -> None:
    service = ScriptedService()
    service.statuses[VOTE.id] = STATUS(
        id=VOTE.id, outcome=STATUS.OUTCOME_INVALID, field="rank", reason="must be odd"
    )
    with recorded_spans() as recorded:
        async with server(service) as (port, _), sink(kind, port) as (grpc_sink, _):
            with pytest.raises(InvalidVoteError):
                await cast_vote(grpc_sink, VOTE, PARENT)
    [span] = recorded.spans
    assert span.status.description == "rank: must be odd"
    assert (span.attributes or {})["error.type"] == "InvalidVoteError"


async def test_a_call_that_fails_fails_its_spans_and_is_logged_with_the_trace(
    kind: Kind, capsys: pytest.CaptureFixture[str]
) -> None:
    service = ScriptedService()
    service.failures = [grpc.StatusCode.INTERNAL] * 2  # a stream that breaks is followed by a call
    configure_logging(GrpcClientSettings(), "svc_grpc_client")
    with recorded_spans() as recorded:
        async with server(service) as (port, _), sink(kind, port) as (grpc_sink, _):
            with pytest.raises(UnavailableError):
                await cast_vote(grpc_sink, VOTE, PARENT)
    [span] = recorded.spans
    assert (span.attributes or {})["rpc.response.status_code"] == "INTERNAL"
    assert span.status.status_code is StatusCode.ERROR
    [line] = [line for line in capsys.readouterr().err.splitlines() if "calls to" in line]
    assert f"trace_id={trace_id_of(PARENT)} span_id={span_id_of(below(span))}" in line


async def test_votes_that_wait_leave_in_one_call_with_one_residue() -> None:
    service = ScriptedService()
    async with server(service) as (port, _), sink(GrpcSink, port) as (grpc_sink, readiness):
        await until(lambda: readiness.ready, readiness)
        votes = []
        done = []
        for _ in range(100):
            votes.append(vote_with(id=grpc_sink.new_id()))
            done.append(cast_vote(grpc_sink, votes[-1]))
        await asyncio.gather(*done)
    [request] = service.requests
    assert len(request.votes) == 100
    residues = {int(vote.id.replace("-", ""), 16) % RESIDUES for vote in votes}
    assert len(residues) == 1


async def test_each_vote_gets_its_own_outcome(kind: Kind) -> None:
    service = ScriptedService()
    ids = [f"0b0e7c9e-4f1c-4c6a-9d7b-00000000000{n}" for n in range(3)]
    service.statuses[ids[1]] = STATUS(
        id=ids[1],
        outcome=STATUS.OUTCOME_INVALID,
        detail="not: parsed",
        field="a: b",
        reason="is: wrong",
    )
    service.statuses[ids[2]] = STATUS(
        id=ids[2], outcome=STATUS.OUTCOME_UNAVAILABLE, detail="Kafka is away"
    )
    async with server(service) as (port, _), sink(kind, port) as (grpc_sink, _):
        futures = [cast_vote(grpc_sink, vote_with(id=vote_id)) for vote_id in ids]
        await asyncio.wait(futures)
    assert futures[0].exception() is None
    invalid, unavailable = futures[1].exception(), futures[2].exception()
    assert isinstance(invalid, InvalidVoteError)
    assert (invalid.field, invalid.reason) == ("a: b", "is: wrong")
    assert isinstance(unavailable, UnavailableError)
    assert str(unavailable) == "Kafka is away"


async def test_an_older_servers_detail_is_passed_on(kind: Kind) -> None:
    service = ScriptedService()
    service.statuses[VOTE.id] = STATUS(
        id=VOTE.id, outcome=STATUS.OUTCOME_INVALID, detail="rank: is odd"
    )
    async with server(service) as (port, _), sink(kind, port) as (grpc_sink, _):
        with pytest.raises(InvalidVoteError) as caught:
            await cast_vote(grpc_sink, VOTE)
    assert (caught.value.field, caught.value.reason) == ("vote", "rank: is odd")


@pytest.mark.parametrize(("hours", "relation"), [(-2, "ahead of"), (2, "behind"), (0, None)])
async def test_a_clock_that_is_off_is_logged_and_votes_are_accepted(
    kind: Kind,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    hours: int,
    relation: str | None,
) -> None:
    now = now_ms()
    monkeypatch.setattr("svc_grpc_client.vote_calls.now_ms", lambda: now)
    service = ScriptedService()
    service.clock = lambda: now + hours * 3_600_000
    async with server(service) as (port, _), sink(kind, port) as (grpc_sink, readiness):
        for _ in range(3):
            await cast_vote(grpc_sink, vote_with(id=grpc_sink.new_id()))
        await until(lambda: readiness.ready, readiness)
    found = [message for message in caplog.messages if "clock" in message]
    expected = f"this machine's clock is 7200 s {relation} svc_grpc_server's clock"
    assert found == ([expected] if relation else [])


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED])
async def test_a_cancelled_call_is_retried(kind: Kind, code: grpc.StatusCode) -> None:
    service = ScriptedService()
    service.failures = [code]
    async with server(service) as (port, _), sink(kind, port) as (grpc_sink, _):
        await cast_vote(grpc_sink, VOTE)
    assert len(service.requests) == 2


async def test_a_timeout_is_logged_and_not_shown_to_voters(
    kind: Kind,
    caplog: pytest.LogCaptureFixture,
) -> None:
    service = ScriptedService()
    service.gate.clear()
    async with (
        server(service) as (port, _),
        sink(kind, port, call_timeout_seconds=0.2) as (grpc_sink, _),
    ):
        for _ in range(2):  # logged once
            with pytest.raises(UnavailableError, match=f"^{UNKNOWN}$"):
                await cast_vote(grpc_sink, VOTE)
    failures = [record.getMessage() for record in caplog.records if "fail" in record.getMessage()]
    assert len(failures) == 1
    assert "DEADLINE_EXCEEDED" in failures[0]


async def test_it_stops_within_one_calls_timeout_however_many_votes_wait(kind: Kind) -> None:
    service = ScriptedService()
    service.gate.clear()
    # In batches 18 calls, 4 at a time; else as many calls as votes, at once.
    votes = 9000 if kind is GrpcSink else 900
    async with server(service) as (port, _):
        async with sink(kind, port, call_timeout_seconds=1) as (grpc_sink, _):
            for _ in range(votes):
                grpc_sink.cast(vote_with(id=grpc_sink.new_id()), None, lambda _: None)
        if kind is GrpcSink:  # the time of the first calls may end just before that of stopping
            assert len(service.requests) <= 2 * 4


async def test_votes_beyond_the_queue_limit_are_refused_at_once(kind: Kind) -> None:
    async with (
        server(ScriptedService()) as (port, _),
        sink(kind, port, max_waiting_votes=5) as (grpc_sink, _),
    ):
        done = [cast_vote(grpc_sink, vote_with(id=grpc_sink.new_id())) for _ in range(5)]
        with pytest.raises(UnavailableError, match="too many votes"):
            cast_vote(grpc_sink, VOTE)
        await asyncio.gather(*done)
