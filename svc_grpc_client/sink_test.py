"""Both gRPC sinks with a real gRPC server and a scripted service."""

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc.aio
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from opentelemetry.trace import StatusCode
from votes.v1 import votes_pb2, votes_pb2_grpc

from harness.processes.ports import free_port
from svc_grpc_client.settings import GrpcClientSettings
from svc_grpc_client.sink import GrpcSink
from svc_grpc_client.unary_sink import UnarySink
from voting.casting.sink import UNKNOWN, UnavailableError, cast_vote
from voting.domain.codec import to_message
from voting.domain.vote import RESIDUES, InvalidVoteError
from voting.service.clock_watch import now_ms
from voting.service.lifecycle import Readiness
from voting.service.logs import configure_logging
from voting.testing.examples import VOTE, vote_with
from voting.testing.spans import PARENT, below, is_below, recorded_spans
from voting.tracing.trace_context import span_id_of, trace_id_of

STATUS = votes_pb2.VoteStatus
NAME = "votes.v1.VoteService"

type Sink = GrpcSink | UnarySink
type Kind = type[GrpcSink] | type[UnarySink]


@pytest.fixture(params=[GrpcSink, UnarySink])
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


class Service(votes_pb2_grpc.VoteServiceServicer):
    """Accepts every vote without a status in `statuses`; holds calls while `gate` is closed."""

    def __init__(self) -> None:
        self.requests: list[votes_pb2.CastVotesRequest] = []
        self.statuses: dict[str, votes_pb2.VoteStatus] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.peers: set[str] = set()
        self.failures: list[grpc.StatusCode] = []  # of the next calls
        self.clock: Callable[[], int] = lambda: (
            0
        )  # like an older server, which does not send its time

    async def StreamVotes(  # noqa: N802
        self, requests: AsyncIterator[votes_pb2.CastVotesRequest], context: Any
    ) -> AsyncIterator[votes_pb2.CastVotesResponse]:
        async for request in requests:
            yield await self.CastVotes(request, context)

    async def CastVotes(  # noqa: N802
        self, request: votes_pb2.CastVotesRequest, context: Any
    ) -> votes_pb2.CastVotesResponse:
        self.requests.append(request)
        self.peers.add(context.peer())
        if self.failures:
            await context.abort(self.failures.pop(), "going away")
        await self.gate.wait()
        accepted = STATUS.OUTCOME_ACCEPTED
        return votes_pb2.CastVotesResponse(
            statuses=[
                self.statuses.get(vote.id, STATUS(id=vote.id, outcome=accepted))
                for vote in request.votes
            ],
            answered_at_ms=self.clock(),
        )


@asynccontextmanager
async def server(
    service: Service,
    port: int = 0,
    status: int = health_pb2.HealthCheckResponse.SERVING,
    age_ms: int = 60_000,
) -> AsyncIterator[tuple[int, health.aio.HealthServicer]]:
    options = [("grpc.so_reuseport", 0), ("grpc.max_connection_age_ms", age_ms)]
    running = grpc.aio.server(options=options)
    votes_pb2_grpc.add_VoteServiceServicer_to_server(service, running)
    servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, running)
    await servicer.set(NAME, status)
    port = running.add_insecure_port(f"127.0.0.1:{port}")
    await running.start()
    try:
        yield port, servicer
    finally:
        await running.stop(None)


@asynccontextmanager
async def sink(kind: Kind, port: int, **settings: float) -> AsyncIterator[tuple[Sink, Readiness]]:
    readiness = Readiness()
    target = f"dns:///127.0.0.1:{port}"
    made = kind(GrpcClientSettings(grpc_target=target, **settings), readiness)  # type: ignore[arg-type]
    await made.start()
    yield made, readiness
    await made.stop()


async def until(condition: Callable[[], bool], readiness: Readiness) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await readiness.changed()


async def test_an_accepted_vote_has_no_error(kind: Kind) -> None:
    service = Service()
    async with server(service) as (port, _), sink(kind, port) as (grpc_sink, _):
        await cast_vote(grpc_sink, VOTE, "00-abc")
    [request] = service.requests
    assert list(request.votes) == [to_message(VOTE)]
    assert dict(request.traceparents) == {VOTE.id: "00-abc"}


async def test_a_sampled_vote_has_a_span_that_the_request_names(kind: Kind) -> None:
    service = Service()
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
    service = Service()
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
    service = Service()
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
    service = Service()
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
    service = Service()
    ids = [f"0b0e7c9e-4f1c-4c6a-9d7b-00000000000{n}" for n in range(3)]
    service.statuses[ids[1]] = STATUS(
        outcome=STATUS.OUTCOME_INVALID, detail="not: parsed", field="a: b", reason="is: wrong"
    )
    service.statuses[ids[2]] = STATUS(outcome=STATUS.OUTCOME_UNAVAILABLE, detail="Kafka is away")
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
    service = Service()
    service.statuses[VOTE.id] = STATUS(outcome=STATUS.OUTCOME_INVALID, detail="rank: is odd")
    async with server(service) as (port, _), sink(kind, port) as (grpc_sink, _):
        with pytest.raises(InvalidVoteError) as caught:
            await cast_vote(grpc_sink, VOTE)
    assert (caught.value.field, caught.value.reason) == ("vote", "rank: is odd")


@pytest.mark.parametrize(("hours", "relation"), [(-2, "ahead of"), (2, "behind"), (0, None)])
async def test_a_clock_that_is_off_is_logged_and_votes_are_accepted(
    kind: Kind, caplog: pytest.LogCaptureFixture, hours: int, relation: str | None
) -> None:
    service = Service()
    service.clock = lambda: now_ms() + hours * 3_600_000
    async with server(service) as (port, _), sink(kind, port) as (grpc_sink, readiness):
        for _ in range(3):
            await cast_vote(grpc_sink, vote_with(id=grpc_sink.new_id()))
        await until(lambda: readiness.ready, readiness)
    found = [message for message in caplog.messages if "clock" in message]
    expected = f"this machine's clock is 7200 s {relation} svc_grpc_server's clock"
    assert found == ([expected] if relation else [])


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED])
async def test_a_cancelled_call_is_retried(kind: Kind, code: grpc.StatusCode) -> None:
    service = Service()
    service.failures = [code]
    async with server(service) as (port, _), sink(kind, port) as (grpc_sink, _):
        await cast_vote(grpc_sink, VOTE)
    assert len(service.requests) == 2


async def test_a_timeout_is_logged_and_not_shown_to_voters(
    kind: Kind,
    caplog: pytest.LogCaptureFixture,
) -> None:
    service = Service()
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
    service = Service()
    service.gate.clear()
    async with server(service) as (port, _):
        async with sink(kind, port, call_timeout_seconds=1) as (grpc_sink, _):
            # In batches 18 calls, of which 4 are made at a time; else as many calls as votes.
            for _ in range(9000 if kind is GrpcSink else 900):
                grpc_sink.cast(vote_with(id=grpc_sink.new_id()), None, lambda _: None)
            begin = time.monotonic()
        assert time.monotonic() - begin < 3


async def test_votes_beyond_the_queue_limit_are_refused_at_once(kind: Kind) -> None:
    async with (
        server(Service()) as (port, _),
        sink(kind, port, max_waiting_votes=5) as (grpc_sink, _),
    ):
        done = [cast_vote(grpc_sink, vote_with(id=grpc_sink.new_id())) for _ in range(5)]
        with pytest.raises(UnavailableError, match="too many votes"):
            cast_vote(grpc_sink, VOTE)
        await asyncio.gather(*done)


async def test_readiness_follows_the_server_and_its_health(kind: Kind) -> None:
    service = Service()
    not_serving = health_pb2.HealthCheckResponse.NOT_SERVING
    serving = health_pb2.HealthCheckResponse.SERVING
    async with (
        server(service, status=not_serving) as (port, servicer),
        sink(kind, port) as (grpc_sink, readiness),
    ):
        await until(lambda: "gRPC server" in (readiness.reason or ""), readiness)
        with pytest.raises(UnavailableError):
            await cast_vote(grpc_sink, VOTE)

        await servicer.set(NAME, serving)
        await until(lambda: readiness.ready, readiness)
        await cast_vote(grpc_sink, VOTE)

        await servicer.set(NAME, not_serving)
        await until(lambda: not readiness.ready, readiness)


async def test_a_connection_that_reaches_its_maximum_age_leaves_the_service_ready(
    kind: Kind,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each minute the log had `not ready`, and `ready` two milliseconds later."""
    caplog.set_level(logging.INFO)
    service, not_ready = Service(), 0

    async def count(readiness: Readiness) -> None:
        nonlocal not_ready
        while True:
            await readiness.changed()
            not_ready += not readiness.ready

    async with server(service, age_ms=200) as (port, _), sink(kind, port) as (grpc_sink, readiness):
        await until(lambda: readiness.ready, readiness)
        counting = asyncio.create_task(count(readiness))
        async with asyncio.timeout(30):
            while len(service.peers) < 5:
                await cast_vote(grpc_sink, vote_with(id=grpc_sink.new_id()))
        assert readiness.ready
        counting.cancel()
    assert not_ready == 0
    assert caplog.messages.count("ready") == 1


async def test_a_lost_server_makes_the_service_unready_within_the_grace_period(kind: Kind) -> None:
    async with sink(kind, port := free_port()) as (_, readiness):
        async with server(Service(), port):
            await until(lambda: readiness.ready, readiness)
            lost = asyncio.create_task(until(lambda: not readiness.ready, readiness))
        begin = time.monotonic()
        await lost
        assert time.monotonic() - begin < 2
        assert readiness.reason == f"waiting for a ready gRPC server at dns:///127.0.0.1:{port}"


class Relay:
    """Forwards connections to a server; once `silent`, it accepts new ones and does nothing."""

    def __init__(self, port: int) -> None:
        self.silent = False
        self._port = port

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Listen on a free port; at the end, every connection is closed."""
        loop, forwarding = asyncio.get_running_loop(), []
        with contextlib.ExitStack() as sockets:
            listener = sockets.enter_context(socket.create_server(("127.0.0.1", 0)))

            def accept() -> None:
                connection, _ = listener.accept()
                sockets.enter_context(connection)
                forwarding.append(asyncio.create_task(self._forward(connection)))

            loop.add_reader(listener, accept)
            yield listener.getsockname()[1]
            loop.remove_reader(listener)
            for task in forwarding:
                task.cancel()
            await asyncio.wait(forwarding)

    async def _forward(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        if self.silent:
            await loop.create_future()
        with socket.socket() as server:
            for side in (connection, server):
                side.setblocking(False)
            await loop.sock_connect(server, ("127.0.0.1", self._port))
            async with asyncio.TaskGroup() as copying:
                copying.create_task(_copy(connection, server))
                copying.create_task(_copy(server, connection))


async def _copy(source: socket.socket, target: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError):
        while data := await loop.sock_recv(source, 65_536):
            await loop.sock_sendall(target, data)
        target.shutdown(socket.SHUT_WR)


async def test_a_reconnect_that_hangs_shows_after_the_grace_period(kind: Kind) -> None:
    async with server(Service(), age_ms=200) as (port, _):
        relay = Relay(port)
        async with relay.listening() as relay_port, sink(kind, relay_port) as (_, readiness):
            await until(lambda: readiness.ready, readiness)
            relay.silent = True
            begin = time.monotonic()
            await until(lambda: not readiness.ready, readiness)
            assert 1 <= time.monotonic() - begin < 5


async def test_a_server_that_comes_back_is_used_again(kind: Kind) -> None:
    service = Service()
    async with server(service) as (port, _):
        pass
    async with sink(kind, port) as (grpc_sink, readiness):
        await until(lambda: "gRPC server" in (readiness.reason or ""), readiness)
        async with server(service, port):
            await until(lambda: readiness.ready, readiness)
            await cast_vote(grpc_sink, VOTE)


async def test_a_proxy_in_the_environment_is_not_used(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with server(Service()) as (port, _), sink(kind, port) as (grpc_sink, _):
        await cast_vote(grpc_sink, VOTE)
