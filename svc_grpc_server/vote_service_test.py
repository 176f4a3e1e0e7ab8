import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc.aio
import msgspec
import pytest
from opentelemetry.trace import StatusCode
from votes.v1 import votes_pb2, votes_pb2_grpc

from harness.processes.waiting import until
from svc_grpc_server.poll_service import PollEvents, PollService
from svc_grpc_server.request import BYTES_MAX, VOTES_MAX
from svc_grpc_server.server import SERVICE_NAME, serve_votes
from svc_grpc_server.settings import GrpcServerSettings
from svc_grpc_server.vote_service import CLOCK_TOLERANCE_MS, VoteService
from voting.casting.sink import OnResult, UnavailableError
from voting.domain.codec import NewRecord, encode_vote, record_of, to_message
from voting.domain.known_albums import AlbumList, KnownAlbums, album_hash
from voting.domain.tally import album_key
from voting.domain.vote import TOO_MANY_ALBUMS
from voting.polls.known_polls import KnownPolls, RefusalKind
from voting.polls.poll import SKEW_MS
from voting.service.lifecycle import Readiness
from voting.testing.examples import VOTE, vote_with
from voting.testing.polls import CLOSED, POLL, trial_polls
from voting.testing.spans import Recorded, below, is_below, recorded_spans

type RawCall = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]

CALLS_MAX = GrpcServerSettings().calls_per_connection
CONNECTIONS_MAX = GrpcServerSettings().grpc_connections
BOUNDS = CALLS_MAX, CONNECTIONS_MAX
STATUS = votes_pb2.VoteStatus
INVALID_ARGUMENT = grpc.StatusCode.INVALID_ARGUMENT
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Sink:
    """A `RecordSink` that keeps what it gets and fails on request."""

    def __init__(self) -> None:
        self.records: list[NewRecord] = []
        self.refuse: Exception | None = None
        self.fail: Exception | None = None
        self.holds = False
        self.held: list[OnResult] = []

    def append(self, record: NewRecord, on_result: OnResult) -> None:
        if self.refuse:
            raise self.refuse
        self.records.append(record)
        if self.holds:
            self.held.append(on_result)
            return
        asyncio.get_running_loop().call_soon(on_result, self.fail)


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the server's clock to the time of the example vote."""
    monkeypatch.setattr("svc_grpc_server.vote_service.now_ms", lambda: VOTE.cast_at_ms)


@pytest.fixture
def albums() -> KnownAlbums:
    return KnownAlbums()


@pytest.fixture
def polls() -> KnownPolls:
    return trial_polls(VOTE.cast_at_ms)


@pytest.fixture
async def channel(
    sink: Sink, albums: KnownAlbums, polls: KnownPolls
) -> AsyncIterator[grpc.aio.Channel]:
    service = VoteService(sink, albums, polls)
    async with (
        serve_votes(
            service, PollService(PollEvents(polls)), Readiness(), "127.0.0.1", 0, *BOUNDS
        ) as port,
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


async def test_too_many_albums_is_invalid_with_its_type_in_the_status(
    channel: grpc.aio.Channel, sink: Sink, albums: KnownAlbums
) -> None:
    known = album_hash(album_key(VOTE.name, VOTE.album, VOTE.year))
    albums.take(AlbumList(frozenset([known]), closed=True))
    other = vote_with(album="Another")
    statuses = await cast(channel, to_message(VOTE), to_message(other))
    assert [(s.outcome, s.field, s.type) for s in statuses] == [
        (STATUS.OUTCOME_ACCEPTED, "", ""),
        (STATUS.OUTCOME_INVALID, "album", TOO_MANY_ALBUMS),
    ]
    assert sink.records == [record_of(VOTE)]


async def test_unknown_fields_do_not_reach_the_ledger(
    channel: grpc.aio.Channel, sink: Sink
) -> None:
    field_99 = b"\x9a\x06\x03abc"
    await cast(channel, votes_pb2.Vote.FromString(encode_vote(VOTE) + field_99))
    assert sink.records == [record_of(VOTE)]


async def test_a_connection_has_so_many_calls_at_a_time(
    channel: grpc.aio.Channel, sink: Sink
) -> None:
    sink.holds = True
    casts = [asyncio.create_task(cast(channel, to_message(VOTE))) for _ in range(CALLS_MAX + 1)]
    await until(lambda: len(sink.held) == CALLS_MAX, "as many calls as there may be")
    with pytest.raises(grpc.aio.AioRpcError, match="Deadline"):
        await votes_pb2_grpc.VoteServiceStub(channel).CastVotes(
            votes_pb2.CastVotesRequest(), timeout=0.2
        )
    assert len(sink.held) == CALLS_MAX
    sink.held.pop(0)(None)
    await until(lambda: len(sink.held) == CALLS_MAX, "the call that waited")
    for on_result in sink.held:
        on_result(None)
    await asyncio.gather(*casts)


async def test_an_empty_request_has_an_empty_answer(channel: grpc.aio.Channel) -> None:
    assert await cast(channel) == []


async def test_a_vote_keeps_its_traceparent(channel: grpc.aio.Channel, sink: Sink) -> None:
    await cast(channel, to_message(VOTE), **{VOTE.id: TRACEPARENT})
    assert sink.records == [record_of(VOTE, TRACEPARENT)]


@pytest.mark.parametrize("trace", ["00-abc", "x" * 125_000])
async def test_an_invalid_traceparent_does_not_reach_the_ledger(
    channel: grpc.aio.Channel, sink: Sink, trace: str
) -> None:
    """Kafka would refuse the whole batch of an oversized record."""
    await cast(channel, to_message(VOTE), **{VOTE.id: trace})
    assert sink.records == [record_of(VOTE)]


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    with recorded_spans() as recorded:
        yield recorded


async def test_a_sampled_vote_has_a_span_that_its_record_names(
    recorded: Recorded, channel: grpc.aio.Channel, sink: Sink
) -> None:
    other = to_message(vote_with(id="0b0e7c9e-4f1c-4c6a-9d7b-1f2e3d4c5b6a"))
    await cast(channel, to_message(VOTE), other, **{VOTE.id: TRACEPARENT})
    [span] = recorded.spans
    assert is_below(span, TRACEPARENT)
    assert [record[2] for record in sink.records] == [below(span), None]
    assert (span.name, span.status.status_code) == (f"{SERVICE_NAME}/CastVotes", StatusCode.UNSET)
    assert (span.attributes or {})["votes.batch_size"] == 2


async def test_a_refused_vote_fails_its_own_span_only(
    recorded: Recorded, channel: grpc.aio.Channel
) -> None:
    wrong = to_message(vote_with(id="0b0e7c9e-4f1c-4c6a-9d7b-1f2e3d4c5b6a"))
    wrong.rank = 101
    traceparents = dict.fromkeys((VOTE.id, wrong.id), TRACEPARENT)
    await cast(channel, to_message(VOTE), wrong, **traceparents)
    found = [(s.status.status_code, (s.attributes or {}).get("error.type")) for s in recorded.spans]
    assert found == [(StatusCode.UNSET, None), (StatusCode.ERROR, "InvalidVoteError")]


async def test_an_unsampled_traceparent_does_not_reach_the_ledger(
    recorded: Recorded, channel: grpc.aio.Channel, sink: Sink
) -> None:
    await cast(channel, to_message(VOTE), **{VOTE.id: TRACEPARENT[:-2] + "00"})
    assert sink.records == [record_of(VOTE)]
    assert recorded.spans == []


async def test_a_new_vote_has_stricter_rules_than_the_ledger(channel: grpc.aio.Channel) -> None:
    unseen = to_message(vote_with(name="Sigur Rós\u200b"))
    nil = to_message(vote_with(id="00000000-0000-0000-0000-000000000000"))
    statuses = await cast(channel, unseen, nil)
    assert [status.field for status in statuses] == ["name", "id"]


MINUTES = 60_000


@pytest.mark.parametrize("off", [-5 * MINUTES, 0, 5 * MINUTES])
async def test_a_plausible_time_is_kept(channel: grpc.aio.Channel, sink: Sink, off: int) -> None:
    vote = vote_with(cast_at_ms=VOTE.cast_at_ms + off)
    await cast(channel, to_message(vote))
    assert sink.records == [record_of(vote)]


@pytest.mark.parametrize("off", [-5 * MINUTES - 1, 5 * MINUTES + 1, 120 * MINUTES, 2**62])
async def test_a_vote_with_an_implausible_time_gets_the_servers_time(
    channel: grpc.aio.Channel, sink: Sink, off: int
) -> None:
    """Voters are not to blame for a pod with a wrong clock."""
    [status] = await cast(channel, to_message(vote_with(cast_at_ms=VOTE.cast_at_ms + off)))
    assert status.outcome == STATUS.OUTCOME_ACCEPTED
    assert sink.records == [record_of(VOTE)]


async def test_the_answer_carries_the_servers_time(channel: grpc.aio.Channel) -> None:
    request = votes_pb2.CastVotesRequest(votes=[to_message(VOTE)])
    response = await votes_pb2_grpc.VoteServiceStub(channel).CastVotes(request)
    assert response.answered_at_ms == VOTE.cast_at_ms


async def refused(channel: grpc.aio.Channel, request: bytes) -> grpc.StatusCode:
    """Send these bytes as a request; return the status of the refusal."""
    call: RawCall = channel.unary_unary(f"/{SERVICE_NAME}/CastVotes")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(request)
    return caught.value.code()


async def test_a_call_with_the_most_votes_is_accepted(
    channel: grpc.aio.Channel, sink: Sink
) -> None:
    request = votes_pb2.CastVotesRequest(votes=[to_message(VOTE)] * VOTES_MAX)
    response = await votes_pb2_grpc.VoteServiceStub(channel).CastVotes(request)
    assert {status.outcome for status in response.statuses} == {STATUS.OUTCOME_ACCEPTED}
    assert len(sink.records) == len(response.statuses) == VOTES_MAX


async def test_one_vote_over_the_limit_is_an_invalid_argument(
    channel: grpc.aio.Channel, sink: Sink
) -> None:
    request = votes_pb2.CastVotesRequest(votes=[to_message(VOTE)] * (VOTES_MAX + 1))
    assert await refused(channel, request.SerializeToString()) is INVALID_ARGUMENT
    del request.votes[:]
    request.traceparents.update({str(number): "" for number in range(VOTES_MAX + 1)})
    assert await refused(channel, request.SerializeToString()) is INVALID_ARGUMENT
    assert sink.records == []


@pytest.mark.parametrize("empty", [b"\x0a\x00", b"\x12\x03\x0a\x01x"], ids=["vote", "trace"])
async def test_as_many_empty_parts_as_fit_are_refused_quickly(
    channel: grpc.aio.Channel, empty: bytes
) -> None:
    """Parsing a million once took 2.4 s and delayed all other votes."""
    request = empty * (BYTES_MAX // len(empty))
    begin = time.thread_time()
    assert await refused(channel, request) is INVALID_ARGUMENT
    assert time.thread_time() - begin < 0.4


async def test_no_more_than_a_valid_id_comes_back(channel: grpc.aio.Channel) -> None:
    [status] = await cast(channel, votes_pb2.Vote(id="x" * 100_000, route=votes_pb2.ROUTE_GRPC))
    assert (status.id, status.outcome) == ("x" * 36, STATUS.OUTCOME_INVALID)


async def test_bytes_that_are_not_a_request_are_an_invalid_argument(
    channel: grpc.aio.Channel,
) -> None:
    assert await refused(channel, b"\xff") is INVALID_ARGUMENT


def of_size(size: int) -> bytes:
    """Return a request of this many bytes, with one vote."""
    request = votes_pb2.CastVotesRequest(votes=[votes_pb2.Vote(name="x" * size)])
    request.votes[0].name = "x" * (2 * size - request.ByteSize())
    return request.SerializeToString()


@pytest.mark.parametrize("compression", grpc.Compression)
async def test_an_oversized_request_is_refused_compressed_or_not(
    channel: grpc.aio.Channel, compression: grpc.Compression
) -> None:
    """A compressed one is a few hundred bytes long on its way."""
    call: RawCall = channel.unary_unary(f"/{SERVICE_NAME}/CastVotes")
    await call(of_size(BYTES_MAX), compression=compression)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(of_size(BYTES_MAX + 1), compression=compression)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_oversized_metadata_is_refused(channel: grpc.aio.Channel) -> None:
    stub = votes_pb2_grpc.VoteServiceStub(channel)
    request = votes_pb2.CastVotesRequest()
    await stub.CastVotes(request, metadata=[("x", "a" * 4_000)])
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.CastVotes(request, metadata=[("x", "a" * 9_000)])
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("moment", ["refuse", "fail"])
async def test_a_vote_that_cannot_be_stored_now_is_unavailable(
    channel: grpc.aio.Channel, sink: Sink, moment: str
) -> None:
    setattr(sink, moment, UnavailableError("Kafka is away"))
    [status] = await cast(channel, to_message(VOTE))
    assert (status.outcome, status.detail) == (STATUS.OUTCOME_UNAVAILABLE, "Kafka is away")


IN_POLL: dict[str, Any] = {
    "poll": POLL,
    "entry": "blue",
    "poll_event": 4,
    "name": "Joni Mitchell",
}
BLUE = vote_with(**IN_POLL, album="Blue", year=1971)


async def test_a_vote_in_a_poll_is_judged_again(
    channel: grpc.aio.Channel, sink: Sink, polls: KnownPolls
) -> None:
    wrong = [
        vote_with(**IN_POLL, album="Hejira", year=1971),
        msgspec.structs.replace(BLUE, poll=CLOSED),
        msgspec.structs.replace(BLUE, poll="missing"),
        msgspec.structs.replace(BLUE, poll_event=polls.book.number + 1),
        msgspec.structs.replace(BLUE, cast_at_ms=VOTE.cast_at_ms + SKEW_MS + 1),
        msgspec.structs.replace(BLUE, cast_at_ms=VOTE.cast_at_ms - CLOCK_TOLERANCE_MS - 1),
    ]
    statuses = await cast(channel, to_message(BLUE), *map(to_message, wrong))
    assert [(status.outcome, status.type) for status in statuses] == [
        (STATUS.OUTCOME_ACCEPTED, ""),
        (STATUS.OUTCOME_INVALID, ""),
        (STATUS.OUTCOME_INVALID, RefusalKind.CLOSED),
        (STATUS.OUTCOME_INVALID, RefusalKind.NO_SUCH_POLL),
        (STATUS.OUTCOME_UNAVAILABLE, ""),
        (STATUS.OUTCOME_UNAVAILABLE, ""),
        (STATUS.OUTCOME_UNAVAILABLE, ""),
    ]
    assert sink.records == [record_of(BLUE)]


async def test_a_full_list_of_albums_does_not_concern_votes_in_polls(
    channel: grpc.aio.Channel, sink: Sink, albums: KnownAlbums
) -> None:
    albums.take(AlbumList(frozenset([1]), closed=True))
    [status] = await cast(channel, to_message(BLUE))
    assert status.outcome == STATUS.OUTCOME_ACCEPTED
    assert sink.records == [record_of(BLUE)]
