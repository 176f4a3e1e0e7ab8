"""The log of polls over gRPC, from the server's list to what the client knows of it."""

import asyncio
from collections.abc import AsyncIterator

import grpc.aio
import pytest
from polls.v1 import polls_pb2, polls_pb2_grpc

from harness.processes.waiting import STUCK_SECONDS, until
from svc_grpc_server.poll_service import EVENTS_BYTES, PollEvents, PollService
from voting.polls.book import Recorded
from voting.polls.event import Define, Open, encode_event, event_hash
from voting.polls.known_polls import KnownPolls
from voting.testing.polls import DEFINITION, POLL, entries, event, with_changes


class Log:
    """The server's side: events as its reader takes them."""

    def __init__(self) -> None:
        self.known = KnownPolls()
        self.events = PollEvents(self.known)

    def append(self, change: Define | Open, poll: str = POLL) -> None:
        book = self.known.book
        value = encode_event(event(change, poll, book.number + 1, book.last_hash))
        recorded = book.apply(value, book.appended_at_ms + 1)
        assert isinstance(recorded, Recorded)
        self.events.append(value, recorded)


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
async def stub(log: Log) -> AsyncIterator[polls_pb2_grpc.PollServiceStub]:
    server = grpc.aio.server()
    polls_pb2_grpc.add_PollServiceServicer_to_server(PollService(log.events), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield polls_pb2_grpc.PollServiceStub(channel)
    await server.stop(None)


async def read(
    stub: polls_pb2_grpc.PollServiceStub, after: int = 0
) -> polls_pb2.ReadEventsResponse:
    response: polls_pb2.ReadEventsResponse = await stub.ReadEvents(
        polls_pb2.ReadEventsRequest(after=after)
    )
    return response


async def test_events_are_given_as_they_were_recorded(
    log: Log, stub: polls_pb2_grpc.PollServiceStub
) -> None:
    log.append(Define(DEFINITION))
    log.append(Open())
    response = await read(stub)
    assert response.newest == 2
    assert event_hash(response.events[-1].value) == log.known.book.last_hash
    assert [recorded.appended_at_ms for recorded in response.events] == [1, 2]
    assert (await read(stub, after=1)).events == response.events[1:]


async def test_a_call_waits_for_the_next_event(
    log: Log, stub: polls_pb2_grpc.PollServiceStub
) -> None:
    waiting = asyncio.create_task(read(stub))
    await until(lambda: log.events.waiting, "the call")
    log.append(Define(DEFINITION))
    assert (await waiting).newest == 1


async def test_who_cannot_wait_is_answered_at_once(
    log: Log, stub: polls_pb2_grpc.PollServiceStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("svc_grpc_server.poll_service.HOLD_SECONDS", STUCK_SECONDS)
    log.append(Define(DEFINITION))
    request = polls_pb2.ReadEventsRequest(after=1, at_once=True)
    response = await stub.ReadEvents(request, timeout=STUCK_SECONDS / 2)
    assert (list(response.events), response.newest) == ([], 1)


@pytest.mark.parametrize("after", [1, 2, 2**62])
async def test_without_a_further_event_the_answer_is_empty(
    log: Log, stub: polls_pb2_grpc.PollServiceStub, after: int
) -> None:
    log.append(Define(DEFINITION))
    response = await read(stub, after)
    assert (list(response.events), response.newest) == ([], 1)


async def test_a_number_below_the_first_is_the_first(
    log: Log, stub: polls_pb2_grpc.PollServiceStub
) -> None:
    log.append(Define(DEFINITION))
    assert len((await read(stub, after=-5)).events) == 1


async def test_one_response_has_a_bounded_size(
    log: Log, stub: polls_pb2_grpc.PollServiceStub
) -> None:
    large = Define(with_changes(entries=entries(500)))
    for number in range(120):
        log.append(large, f"p{number}")
    given = 0
    while given < 120:
        response = await read(stub, given)
        assert 1 <= len(response.events) < 120
        assert sum(len(recorded.value) for recorded in response.events) <= EVENTS_BYTES
        given += len(response.events)


async def test_the_age_is_that_of_the_servers_own_proof(
    log: Log, stub: polls_pb2_grpc.PollServiceStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("svc_grpc_server.poll_service.now_ms", lambda: 50_000)
    log.append(Define(DEFINITION))
    log.known.prove(47_000)
    assert (await read(stub)).age_ms == 3_000


async def test_the_age_counts_from_when_the_call_came(
    log: Log, stub: polls_pb2_grpc.PollServiceStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("svc_grpc_server.poll_service.now_ms", lambda: 50_000_000)
    monkeypatch.setattr("svc_grpc_server.poll_service.HOLD_SECONDS", 0.1)
    log.append(Define(DEFINITION))
    log.known.prove(47_000)
    assert 0 < (await read(stub, after=1)).age_ms <= 50_000_000 - 47_000 - 100
    log.known.prove(49_999_950)  # later than the next call, by its clock
    assert (await read(stub, after=1)).age_ms == 0


async def test_a_clock_that_was_set_back_shows_in_the_age(
    log: Log, stub: polls_pb2_grpc.PollServiceStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("svc_grpc_server.poll_service.now_ms", lambda: 50_000)
    log.known.prove(60_000)
    assert (await read(stub, after=-1)).age_ms < 0
