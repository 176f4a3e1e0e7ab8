"""What svc_grpc_client knows of polls, from servers that answer in every way."""

from collections.abc import AsyncIterator

import grpc.aio
import pytest
from polls.v1 import polls_pb2, polls_pb2_grpc

from harness.processes.waiting import until
from svc_grpc_client.poll_follower import PollFollower
from voting.polls.event import Define, Open
from voting.polls.known_polls import KnownPolls
from voting.polls.metrics import EVENT, HALTED
from voting.polls.poll import FRESH_MS
from voting.service.clock_watch import now_ms
from voting.testing.polls import DEFINITION, POLL, PollLog


class Server(polls_pb2_grpc.PollServiceServicer):
    """Answers at once, with the events of a log that it knows up to `newest`."""

    def __init__(self) -> None:
        self.log = PollLog()
        self.age_ms = 0
        self.newest: int | None = None
        self.down = False
        self.calls = 0
        self.at_once: list[bool] = []

    async def ReadEvents(  # noqa: N802 - the name is the schema's
        self,
        request: polls_pb2.ReadEventsRequest,
        context: grpc.aio.ServicerContext[
            polls_pb2.ReadEventsRequest, polls_pb2.ReadEventsResponse
        ],
    ) -> polls_pb2.ReadEventsResponse:
        self.calls += 1
        self.at_once.append(request.at_once)
        if self.down:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "down")
        records = self.log.records[: self.newest]
        return polls_pb2.ReadEventsResponse(
            events=[
                polls_pb2.RecordedEvent(value=value, appended_at_ms=appended_at_ms)
                for value, appended_at_ms in records[request.after :][:1]
            ],
            newest=len(records),
            age_ms=self.age_ms,
        )

    async def answers(self, calls: int = 2) -> None:
        """Return when so many further calls were answered."""
        wanted = self.calls + calls
        await until(lambda: self.calls >= wanted, "further calls")


@pytest.fixture
def known() -> KnownPolls:
    return KnownPolls()


@pytest.fixture
def server() -> Server:
    server = Server()
    server.log.append(Define(DEFINITION), 1)
    server.log.append(Open(), 2)
    return server


@pytest.fixture
async def follower(server: Server, known: KnownPolls) -> AsyncIterator[PollFollower]:
    grpc_server = grpc.aio.server()
    polls_pb2_grpc.add_PollServiceServicer_to_server(server, grpc_server)
    port = grpc_server.add_insecure_port("127.0.0.1:0")
    await grpc_server.start()
    follower = PollFollower(known)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        follower.start(channel)
        yield follower
        await follower.stop()
    await grpc_server.stop(None)


async def fresh(known: KnownPolls) -> None:
    begin = now_ms()
    await until(lambda: known.age_ms(begin) <= 0, "a proof after now")


@pytest.mark.usefixtures("follower")
async def test_all_events_are_known_and_fresh(known: KnownPolls, server: Server) -> None:
    await fresh(known)
    assert known.book.polls == server.log.book.polls
    server.log.define(3, poll="another")
    await until(lambda: "another" in known.book.polls, "the next event")
    await fresh(known)


@pytest.mark.usefixtures("follower")
async def test_the_age_of_the_servers_proof_counts(known: KnownPolls, server: Server) -> None:
    await fresh(known)
    server.age_ms = 60_000
    await server.answers()
    begin = now_ms()
    await server.answers()
    assert known.age_ms(begin) >= 0  # no proof since
    server.age_ms = -1  # the server's clock was set back
    await server.answers()
    assert known.age_ms(begin) >= 0
    assert known.book.polls[POLL].event == 2


@pytest.mark.usefixtures("follower")
async def test_a_server_that_is_behind_proves_nothing(known: KnownPolls, server: Server) -> None:
    await fresh(known)
    server.newest, server.age_ms = 1, 1_000
    await server.answers()
    begin = now_ms()
    await server.answers()
    assert known.age_ms(begin) >= 0
    assert known.book.number == 2
    server.newest, server.age_ms = None, 0
    await fresh(known)


async def test_a_server_with_another_log_halts(
    follower: PollFollower, known: KnownPolls, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fresh(known)
    server.newest = 1
    later_ms = FRESH_MS + 10_000
    monkeypatch.setattr("svc_grpc_client.poll_follower.now_ms", lambda: now_ms() + later_ms)
    await until(lambda: follower.halted, "the halt")
    assert follower.halted == "it ends with event 1, but was read to event 2"


async def test_servers_that_are_away_are_asked_again(
    follower: PollFollower, known: KnownPolls, server: Server
) -> None:
    await fresh(known)
    server.down = True
    await server.answers()
    server.down = False
    await fresh(known)
    assert follower.halted is None


@pytest.mark.usefixtures("follower")
async def test_a_server_does_not_wait_after_a_failure(known: KnownPolls, server: Server) -> None:
    await fresh(known)
    assert not any(server.at_once)
    server.down = True
    await server.answers()
    assert server.at_once[-1]
    server.down = False
    await fresh(known)
    await server.answers()
    assert not server.at_once[-1]


async def test_a_log_that_cannot_be_trusted_halts(
    follower: PollFollower, known: KnownPolls, server: Server
) -> None:
    await fresh(known)
    server.log.records.append((b"not an event", 3))
    await until(lambda: follower.halted, "the halt")
    assert "is not a polls.v1.Event message" in (follower.halted or "")
    assert known.book.number == 2
    assert (HALTED._value.get(), EVENT._value.get()) == (1, 2)
