"""The lean path answers like Sanic's own handler to the same requests, over sockets."""

import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

import pytest

from harness.processes.waiting import wait_until
from voting.testing.requests import (
    GOOD,
    LAST,
    Conversation,
    conversations,
    cut_everywhere,
    vote_request,
)
from voting.testing.route_client import (
    RawClient,
    TrialRoute,
    raw_client,
    refused_count,
    send,
    trial_route,
    vote_counts,
    votes_cast,
)

SEED = 6
REQUESTS = 10_000
TRACED_REQUESTS = 2_000
AT_ONCE = 80
QUIET_SECONDS = 1.0
PATIENCE_SECONDS = 20.0
VOTE = json.dumps(GOOD).encode()


@pytest.fixture(scope="module", params=[None, 0.5], ids=["untraced", "traced"])
def traced(request: pytest.FixtureRequest) -> float | None:
    """The share of the votes that both trace."""
    share: float | None = request.param
    return share


@pytest.fixture(scope="module")
def both(traced: float | None) -> Iterator[tuple[TrialRoute, TrialRoute]]:
    with (
        trial_route(lean=False, traced=traced) as reference,
        trial_route(lean=True, traced=traced) as lean,
    ):
        yield reference, lean


async def converse(both: tuple[TrialRoute, TrialRoute], talk: Conversation) -> None:
    """Hold a conversation with both; their answers must be the same."""
    async with raw_client(both[0].port) as reference, raw_client(both[1].port) as lean:
        clients = [reference, lean]
        await asyncio.gather(*(speak(client, talk) for client in clients))
        waited = 0.0
        while waited < PATIENCE_SECONDS and not all(client.end for client in clients):
            if same(reference, lean) and waited > QUIET_SECONDS:
                break  # an incomplete request
            await asyncio.sleep(0.02)
            waited += 0.02
        assert same(reference, lean), (talk, reference.received, lean.received)


async def speak(client: RawClient, talk: Conversation) -> None:
    for number, pieces in enumerate(talk.requests, start=1):
        for piece in pieces[:-1]:
            client.writer.write(piece)
            await asyncio.sleep(0.001)  # a packet of its own
        client.writer.write(pieces[-1])
        if not talk.pipelined:
            await client.wait(number, QUIET_SECONDS)
    client.writer.write(LAST)
    await client.wait(len(talk.requests) + 1, QUIET_SECONDS)


def same(expected: RawClient, found: RawClient) -> bool:
    """Whether two clients received the same; the kernel may drop data before a reset."""
    if "reset" in {expected.end, found.end}:
        shorter, longer = sorted((expected.received, found.received), key=len)
        return longer.startswith(shorter)
    return (expected.received, expected.end) == (found.received, found.end)


async def compare(both: tuple[TrialRoute, TrialRoute], talks: Iterable[Conversation]) -> int:
    """Hold every conversation with both; return how many requests were compared."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(talk: Conversation) -> int:
        async with gate:
            await converse(both, talk)
        return len(talk.requests)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(talk)) for talk in talks]
    return sum(task.result() for task in tasks)


async def test_ten_thousand_requests_get_the_same_answers(
    both: tuple[TrialRoute, TrialRoute], traced: float | None
) -> None:
    requests = REQUESTS if traced is None else TRACED_REQUESTS
    assert await compare(both, conversations(SEED, requests)) >= requests


async def test_a_request_split_at_any_byte_gets_the_same_answer(
    both: tuple[TrialRoute, TrialRoute],
) -> None:
    await compare(both, cut_everywhere(vote_request(VOTE, ["Host: a", "Connection: keep-alive"])))


def test_both_cast_the_same_votes_and_have_the_same_counts(
    both: tuple[TrialRoute, TrialRoute], traced: float | None
) -> None:
    reference, lean = both
    assert votes_cast(reference, with_traces=not traced) == votes_cast(lean, with_traces=not traced)
    assert vote_counts(reference) == vote_counts(lean)


@contextmanager
def impatient_routes(**limits: Any) -> Iterator[tuple[TrialRoute, TrialRoute]]:
    with trial_route(lean=False, **limits) as reference, trial_route(lean=True, **limits) as lean:
        yield reference, lean


@pytest.fixture(scope="module")
def impatient() -> Iterator[tuple[TrialRoute, TrialRoute]]:
    """Both end a request or an answer soon."""
    with impatient_routes(REQUEST_TIMEOUT=0.5, RESPONSE_TIMEOUT=0.5) as both:
        yield both


@asynccontextmanager
async def waiting_for_the_end(route: TrialRoute, *pieces: bytes) -> AsyncIterator[RawClient]:
    """Yield a client of a route whose clock runs once these pieces are there."""
    async with AsyncExitStack() as stack:
        with route.standing_still():
            client = await stack.enter_async_context(raw_client(route.port))
            client.writer.writelines(pieces)
        yield client


async def ends(both: tuple[TrialRoute, TrialRoute], *pieces: bytes) -> bytearray:
    """Send both the same and no more; they must answer the same and then close. Return it."""
    async with (
        waiting_for_the_end(both[0], *pieces) as expected,
        waiting_for_the_end(both[1], *pieces) as found,
    ):
        for client in (expected, found):
            assert await client.wait(99, PATIENCE_SECONDS), client.received
    assert (expected.end, expected.received) == ("closed", found.received)
    assert found.end == "closed"
    return found.received


@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        ([vote_request(VOTE)[:40]], 408),
        ([vote_request(VOTE), vote_request(VOTE)[:-90]], 408),
        ([vote_request(json.dumps(GOOD | {"name": "never"}).encode())], 503),
        ([vote_request(json.dumps(GOOD | {"name": "never"}).encode()), vote_request(VOTE)], 503),
    ],
)
async def test_timeouts_end_a_connection_in_the_same_way(
    impatient: tuple[TrialRoute, TrialRoute], pieces: list[bytes], status: int
) -> None:
    assert b"HTTP/1.1 %d " % status in await ends(impatient, *pieces)


async def test_an_idle_connection_ends_in_the_same_way() -> None:
    with impatient_routes(KEEP_ALIVE_TIMEOUT=0.5) as both:
        assert await ends(both) == b""
        assert (await ends(both, vote_request(VOTE))).startswith(b"HTTP/1.1 202 ")


async def test_a_missing_body_is_408_in_the_same_way(
    impatient: tuple[TrialRoute, TrialRoute],
) -> None:
    before = [vote_counts(route) for route in impatient]
    received = await ends(impatient, vote_request(VOTE), vote_request(VOTE)[:-1])
    assert b"HTTP/1.1 408 " in received
    for route, old in zip(impatient, before, strict=True):
        assert refused_count(vote_counts(route), 408) == refused_count(old, 408) + 1
        assert refused_count(vote_counts(route), 503) == refused_count(old, 503)


async def test_without_keep_alive_each_connection_ends_after_its_answer() -> None:
    with (
        trial_route(lean=False, KEEP_ALIVE=0) as reference,
        trial_route(lean=True, KEEP_ALIVE=0) as lean,
    ):
        expected, found = await asyncio.gather(
            *(send(route.port, vote_request(VOTE), answers=99) for route in (reference, lean))
        )
    assert (expected.end, expected.received) == (found.end, found.received)
    assert b"connection: close" in found.received


@pytest.mark.parametrize("end", [20, -50], ids=["in the head", "in the body"])
async def test_further_bytes_do_not_extend_a_requests_deadline(
    impatient: tuple[TrialRoute, TrialRoute], end: int
) -> None:
    for route in impatient:
        async with (
            waiting_for_the_end(route, vote_request(VOTE)[:end]) as client,
            asyncio.timeout(PATIENCE_SECONDS),
        ):
            while client.end is None:
                client.writer.write(vote_request(VOTE)[end : end + 1])
                await client.wait(99, 0.1)
            assert client.received.startswith(b"HTTP/1.1 408 ")


async def test_a_request_in_many_pieces_is_accepted(both: tuple[TrialRoute, TrialRoute]) -> None:
    sent = vote_request(VOTE)
    for route in both:
        async with raw_client(route.port) as client:
            for start in range(0, len(sent), 10):
                client.writer.write(sent[start : start + 10])
                await asyncio.sleep(0.005)
            assert await client.wait(1, 10)
            assert client.received.startswith(b"HTTP/1.1 202 ")


async def test_pipelined_votes_are_answered_in_order(both: tuple[TrialRoute, TrialRoute]) -> None:
    ids = [str(uuid.UUID(int=number)) for number in range(1, 10_001)]
    async with raw_client(both[1].port) as client:
        client.writer.writelines(
            vote_request(VOTE, [f"Idempotency-Key: {vote_id}"]) for vote_id in ids
        )
        async with asyncio.timeout(30):
            while client.received.count(b'{"id"') < len(ids):
                await asyncio.sleep(0.1)
    assert re.findall(rb'"id":"([^"]+)"', client.received) == [vote_id.encode() for vote_id in ids]


@pytest.fixture(params=[0, 1], ids=["ordinary", "lean"])
def one(request: pytest.FixtureRequest, both: tuple[TrialRoute, TrialRoute]) -> TrialRoute:
    return both[request.param]


@pytest.mark.parametrize("sent", [b"{}", VOTE], ids=["refused", "accepted"])
async def test_pipelined_votes_take_turns_with_other_clients(one: TrialRoute, sent: bytes) -> None:
    """Fifty greedy clients get fewer than 100 answers each before a newcomer's vote is cast.

    The route stands still until all requests are there, so that only its own order counts.
    """
    name = f"newcomer {uuid.uuid4()}"
    vote = vote_request(json.dumps(GOOD | {"name": name}).encode())
    begin = one.get("/answered").json()
    async with AsyncExitStack() as stack:
        greedy = [await stack.enter_async_context(raw_client(one.port)) for _ in range(50)]
        with one.standing_still():
            for client in greedy:
                client.writer.write(vote_request(sent) * 2000)
            newcomer = await stack.enter_async_context(raw_client(one.port))
            newcomer.writer.write(vote)
        assert await newcomer.wait(1, PATIENCE_SECONDS)
        assert newcomer.received.startswith(b"HTTP/1.1 202 ")
    answered = one.get(f"/answered?before={name}").json() - begin
    assert answered < 50 * 100


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        (vote_request(VOTE, ["Cookie: " + "x" * 3900]), 202, b""),
        (vote_request(VOTE, ["Cookie: " + "x" * 16_000]), 202, b""),
        (
            vote_request(VOTE, ["Cookie: " + "x" * 16_384]),
            431,
            b"the headers exceed 16384 bytes",
        ),
        (vote_request(b" " * 4097), 413, b"the body exceeds 4096 bytes"),
        (
            vote_request(VOTE, ["Content-Encoding: gzip"]),
            415,
            b"\r\naccept-encoding: identity\r\n",
        ),
        (vote_request(VOTE, ["Content-Encoding: identity"]), 202, b""),
        (
            vote_request(VOTE, line="POST /votes/ HTTP/1.1"),
            404,
            b"nothing found at /votes/; send votes to /votes",
        ),
        (vote_request(VOTE, line="POST evil:80 HTTP/1.1"), 400, b"Bad URL: evil:80"),
        (vote_request(VOTE, line="CONNECT evil:80 HTTP/1.1"), 400, b"Bad URL: evil:80"),
        (vote_request(VOTE, line="POST http://a HTTP/1.1"), 400, b"the target has no path"),
        (vote_request(VOTE, line="POST http://a/votes HTTP/1.1"), 202, b""),
    ],
)
async def test_an_unusual_request_is_answered_with_the_reason(
    one: TrialRoute, sent: bytes, status: int, words: bytes
) -> None:
    received = (await send(one.port, sent)).received
    assert received.startswith(b"HTTP/1.1 %d " % status)
    assert words in received


async def test_the_server_stops_reading_from_a_client_that_does_not_read(
    both: tuple[TrialRoute, TrialRoute],
) -> None:
    """So that its memory stays bounded; it resumes once the client reads."""
    sent = 0
    async with raw_client(both[1].port, receive_buffer=65_536) as client, asyncio.timeout(120):
        client.transport.pause_reading()
        while not await is_stuck(client):
            client.writer.writelines([vote_request(VOTE)] * 10_000)
            sent += 10_000
        client.transport.resume_reading()
        while client.received.count(b"HTTP/1.1 202 ") < sent:
            await asyncio.sleep(0.1)


async def is_stuck(client: RawClient) -> bool:
    """Whether the server has stopped reading."""
    try:
        await asyncio.wait_for(client.writer.drain(), 1)
    except TimeoutError:
        return True
    return False


@asynccontextmanager
async def ending(lean: bool) -> AsyncIterator[RawClient]:
    """Yield a client with a pending vote on a route that is stopping; it must exit cleanly."""
    held = vote_request(json.dumps(GOOD | {"name": "held"}).encode())
    with trial_route(lean=lean) as route:
        async with raw_client(route.port) as idle, raw_client(route.port) as client:
            idle.writer.write(vote_request(VOTE))
            assert await idle.wait(1, 10)
            client.writer.write(held)
            await asyncio.to_thread(wait_until, lambda: len(votes_cast(route)) == 2, "it is cast")
            route.process.terminate()
            assert await idle.wait(2, 10)
            assert idle.end == "closed"
            yield client
        await asyncio.to_thread(route.process.join, 10)
        assert route.process.exitcode == 0


@pytest.mark.parametrize("lean", [False, True])
async def test_a_pending_vote_is_answered_before_the_service_ends(lean: bool) -> None:
    async with ending(lean) as client:
        assert await client.wait(1, 10)
        assert client.received.startswith(b"HTTP/1.1 202 ")


@pytest.mark.parametrize("lean", [False, True])
async def test_an_idle_client_does_not_delay_the_end_of_the_service(lean: bool) -> None:
    async with ending(lean) as client:
        assert await client.wait(2, 10)  # the answer, and the end
        assert client.end == "closed"
        assert b"connection: close" in client.received


@pytest.mark.parametrize("lean", [False, True])
async def test_a_busy_connection_is_closed_when_the_service_ends(lean: bool) -> None:
    async with ending(lean) as client:
        client.writer.write(vote_request(VOTE) * 3)
        assert await client.wait(4, 10)
        assert client.end == "closed"
        _, accepted, last = client.received.rpartition(b"HTTP/1.1 202 ")
        assert accepted
        assert b"connection: close" in last


async def test_a_client_that_leaves_does_not_affect_the_others(
    both: tuple[TrialRoute, TrialRoute],
) -> None:
    slow = named("slow")
    for route in both:
        async with raw_client(route.port) as client:
            client.writer.write(slow)
        assert (await send(route.port, slow)).received.startswith(b"HTTP/1.1 202 ")


def named(name: str) -> bytes:
    """Return a vote whose name determines its result on the trial route."""
    return vote_request(json.dumps(GOOD | {"name": name}).encode())


def new_counts(route: TrialRoute, before: dict[str, str]) -> dict[str, float]:
    """Return by how much the counts of votes have grown."""
    grown = {
        name: float(value) - float(before.get(name, 0))
        for name, value in vote_counts(route).items()
    }
    return {name: by for name, by in grown.items() if by and not name.startswith("vote_request")}


@pytest.mark.parametrize(
    ("sent", "counted"),
    [
        (named("slow"), 'votes_accepted_total{route="http"}'),
        (named("slow to fail"), 'votes_refused_total{route="http",status="499"}'),
        (vote_request(VOTE)[:-5], 'votes_refused_total{route="http",status="499"}'),
    ],
    ids=["accepted, client gone", "refused, client gone", "in its body"],
)
async def test_a_client_that_leaves_is_counted_once_and_logs_no_error(
    one: TrialRoute, sent: bytes, counted: str
) -> None:
    before, log = vote_counts(one), one.log.read_text()
    with one.standing_still():
        async with raw_client(one.port) as client:
            client.writer.write(sent)
    await asyncio.to_thread(wait_until, lambda: bool(new_counts(one, before)), "it is counted")
    assert new_counts(one, before) == {counted: 1}
    assert one.log.read_text() == log


@pytest.mark.parametrize("lean", [False, True])
@pytest.mark.parametrize("name", ["crash", "broken", "Pink Floyd"])
async def test_an_unexpected_error_is_answered_counted_and_logged_once(
    lean: bool, name: str
) -> None:
    with trial_route(lean, no_ids=name == "Pink Floyd") as route:
        client = await send(route.port, named(name), answers=99)
        assert client.received.startswith(b"HTTP/1.1 500 ")
        assert b"application/problem+json" in client.received
        assert client.end == "closed"
        assert new_counts(route, {}) == {'votes_refused_total{route="http",status="500"}': 1}
        assert route.log.read_text().count("RuntimeError: a bug") == 1
        assert route.log.read_text().count("failed to answer POST /votes") == 1
