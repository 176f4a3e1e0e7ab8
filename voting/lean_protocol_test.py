"""The lean path answers like Sanic's own handler: the same requests go to both, over sockets."""

import asyncio
import json
import multiprocessing
import re
import socket
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from multiprocessing.process import BaseProcess
from typing import NamedTuple

import httpx
import pytest

from local.ports import free_port
from local.waiting import wait_until
from voting.trial_requests import (
    GOOD,
    LAST,
    Conversation,
    conversations,
    cut_everywhere,
    request,
)
from voting.trial_route import serve

SEED = 6
REQUESTS = 10_000
AT_ONCE = 80
QUIET_SECONDS = 1.0
PATIENCE_SECONDS = 20.0
VOTE = json.dumps(GOOD).encode()


class Trial(NamedTuple):
    """A running trial route."""

    port: int
    process: BaseProcess

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=30)


@contextmanager
def trial(lean: bool, **config: float) -> Iterator[Trial]:
    port = free_port()
    spawn = multiprocessing.get_context("spawn")
    process = spawn.Process(target=serve, args=(port, lean, config), daemon=True)
    process.start()
    route = Trial(port, process)
    try:
        wait_until("the trial route answers", lambda: answers(route))
        yield route
    finally:
        process.kill()
        process.join(10)


def answers(route: Trial) -> bool:
    try:
        return route.get("/readyz").is_success
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Trial, Trial]]:
    with trial(lean=False) as reference, trial(lean=True) as lean:
        yield reference, lean


class Voter:
    """A client that hears all that comes over its connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.heard = bytearray()
        self.end: str | None = None  # how the connection ended
        self._news = asyncio.Event()
        self.listening = asyncio.create_task(self._listen(reader))

    @property
    def transport(self) -> asyncio.Transport:
        transport = self.writer.transport
        assert isinstance(transport, asyncio.Transport)
        return transport

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while data := await reader.read(65536):
                self.heard += data
                self._news.set()
            self.end = "closed"
        except ConnectionError:
            self.end = "reset"
        self._news.set()

    async def wait(self, answers: int, seconds: float) -> bool:
        """Wait for so many answers, or the end; false when neither came in time."""
        try:
            async with asyncio.timeout(seconds):
                while self.end is None and not complete(self.heard, answers):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True


def complete(heard: bytes | bytearray, answers: int) -> bool:
    """Whether so many answers have come with their bodies."""
    while answers:
        head, end, heard = heard.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        if not end or len(heard) < (size := int(length[1]) if length else 0):
            return False
        heard = heard[size:]
        answers -= not head.startswith(b"HTTP/1.1 100 ")
    return True


@asynccontextmanager
async def voter(route: Trial, receive_buffer: int | None = None) -> AsyncIterator[Voter]:
    sock = socket.socket()
    if receive_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", route.port))
    reader, writer = await asyncio.open_connection(sock=sock)
    client = Voter(reader, writer)
    try:
        yield client
    finally:
        client.transport.abort()
        await client.listening


async def converse(both: tuple[Trial, Trial], talk: Conversation) -> None:
    """Hold a conversation with both; what they answer must be the same."""
    async with voter(both[0]) as reference, voter(both[1]) as lean:
        clients = [reference, lean]
        await asyncio.gather(*(speak(client, talk) for client in clients))
        waited = 0.0
        while waited < PATIENCE_SECONDS and not all(client.end for client in clients):
            if same(reference, lean) and waited > QUIET_SECONDS:
                break  # a request without an end
            await asyncio.sleep(0.02)
            waited += 0.02
        assert same(reference, lean), (talk, reference.heard, lean.heard)


async def speak(client: Voter, talk: Conversation) -> None:
    for number, pieces in enumerate(talk.requests, start=1):
        for piece in pieces[:-1]:
            client.writer.write(piece)
            await asyncio.sleep(0.001)  # a packet of its own
        client.writer.write(pieces[-1])
        if not talk.pipelined:
            await client.wait(number, QUIET_SECONDS)
    client.writer.write(LAST)
    await client.wait(len(talk.requests) + 1, QUIET_SECONDS)


def same(expected: Voter, found: Voter) -> bool:
    """Whether two voters heard the same. What comes before a reset, the kernel may drop."""
    if "reset" in {expected.end, found.end}:
        shorter, longer = sorted((expected.heard, found.heard), key=len)
        return longer.startswith(shorter)
    return (expected.heard, expected.end) == (found.heard, found.end)


async def compare(both: tuple[Trial, Trial], talks: Iterable[Conversation]) -> int:
    """Hold every conversation with both; return how many requests had the same answers."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(talk: Conversation) -> int:
        async with gate:
            await converse(both, talk)
        return len(talk.requests)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(talk)) for talk in talks]
    return sum(task.result() for task in tasks)


def counts(route: Trial) -> dict[str, str]:
    """Return the route's counters."""
    return dict(
        re.findall(r"^(vote\w+(?:_total|_count)\{.*\}) (\S+)$", route.get("/metrics").text, re.M)
    )


def cast_votes(route: Trial) -> list[str]:
    return sorted(json.dumps(vote) for vote in route.get("/cast").json())


async def test_ten_thousand_requests_get_the_same_answers(both: tuple[Trial, Trial]) -> None:
    assert await compare(both, conversations(SEED, REQUESTS)) >= REQUESTS


async def test_a_request_cut_at_any_byte_gets_the_same_answer(both: tuple[Trial, Trial]) -> None:
    await compare(both, cut_everywhere(request(VOTE, ["Host: a", "Connection: keep-alive"])))


def test_both_cast_the_same_votes_and_count_the_same(both: tuple[Trial, Trial]) -> None:
    reference, lean = both
    assert cast_votes(reference) == cast_votes(lean)
    assert counts(reference) == counts(lean)


async def say(route: Trial, *pieces: bytes, answers: int = 1, seconds: float = 10) -> Voter:
    """Send something and nothing more; return when so many answers or the end have come."""
    async with voter(route) as client:
        for piece in pieces:
            client.writer.write(piece)
            await asyncio.sleep(0.001)
        assert await client.wait(answers, seconds)
        return client


@pytest.fixture(scope="module")
def impatient() -> Iterator[tuple[Trial, Trial]]:
    limits = {"REQUEST_TIMEOUT": 0.5, "RESPONSE_TIMEOUT": 0.5, "KEEP_ALIVE_TIMEOUT": 1}
    with trial(lean=False, **limits) as reference, trial(lean=True, **limits) as lean:
        yield reference, lean


@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        ([], None),  # the keep-alive clock
        ([request(VOTE)], 202),
        ([request(VOTE)[:40]], 408),
        ([request(VOTE), request(VOTE)[:-90]], 408),
        ([request(json.dumps(GOOD | {"name": "never"}).encode())], 503),
        ([request(json.dumps(GOOD | {"name": "never"}).encode()), request(VOTE)], 503),
    ],
)
async def test_time_outs_end_a_connection_in_the_same_way(
    impatient: tuple[Trial, Trial], pieces: list[bytes], status: int | None
) -> None:
    expected, found = await asyncio.gather(
        *(say(route, *pieces, answers=99) for route in impatient)
    )
    assert (expected.end, expected.heard) == (found.end, found.heard)
    assert found.end == "closed"
    assert status is None or b"HTTP/1.1 %d " % status in found.heard


async def test_a_body_that_does_not_come_is_503_in_the_same_way(
    impatient: tuple[Trial, Trial],
) -> None:
    # Sanic waits for the rest of the body even after its answer: no end to wait for.
    expected, found = await asyncio.gather(
        *(say(route, request(VOTE), request(VOTE)[:-1], answers=2) for route in impatient)
    )
    assert expected.heard == found.heard
    assert b"HTTP/1.1 503 " in found.heard


async def test_without_keep_alive_each_connection_ends_after_its_answer() -> None:
    with trial(lean=False, KEEP_ALIVE=0) as reference, trial(lean=True, KEEP_ALIVE=0) as lean:
        expected, found = await asyncio.gather(
            *(say(route, request(VOTE), answers=99) for route in (reference, lean))
        )
    assert (expected.end, expected.heard) == (found.end, found.heard)
    assert b"connection: close" in found.heard


async def test_a_slow_sender_is_not_cut_off(impatient: tuple[Trial, Trial]) -> None:
    sent = request(VOTE)
    for route in impatient:
        async with voter(route) as client:
            for start in range(0, len(sent), 30):
                client.writer.write(sent[start : start + 30])
                await asyncio.sleep(0.2)  # longer than the request time-out in all
            assert await client.wait(1, 10)
            assert client.heard.startswith(b"HTTP/1.1 202 ")


async def test_votes_sent_ahead_are_answered_in_order(both: tuple[Trial, Trial]) -> None:
    ids = [str(uuid.UUID(int=number)) for number in range(1, 10_001)]
    async with voter(both[1]) as client:
        client.writer.writelines(request(VOTE, [f"Idempotency-Key: {vote_id}"]) for vote_id in ids)
        async with asyncio.timeout(30):
            while client.heard.count(b'{"id"') < len(ids):
                await asyncio.sleep(0.1)
    assert re.findall(rb'"id":"([^"]+)"', client.heard) == [vote_id.encode() for vote_id in ids]


async def test_a_client_that_does_not_read_is_not_read_either(both: tuple[Trial, Trial]) -> None:
    """The server stops to read, so that its memory stays bounded, and goes on later."""
    sent = 0
    async with voter(both[1], receive_buffer=65_536) as client, asyncio.timeout(120):
        client.transport.pause_reading()
        while not await is_stuck(client):
            client.writer.writelines([request(VOTE)] * 10_000)
            sent += 10_000
        client.transport.resume_reading()
        while client.heard.count(b"HTTP/1.1 202 ") < sent:
            await asyncio.sleep(0.1)


async def is_stuck(client: Voter) -> bool:
    """Whether the server takes no more of what was written."""
    try:
        await asyncio.wait_for(client.writer.drain(), 1)
    except TimeoutError:
        return True
    return False


@asynccontextmanager
async def ending(lean: bool) -> AsyncIterator[Voter]:
    """A voter whose vote is under way on a route that has begun to end; it has to end in order."""
    slow = request(json.dumps(GOOD | {"name": "slow"}).encode())
    with trial(lean=lean) as route:
        async with voter(route) as idle, voter(route) as client:
            idle.writer.write(request(VOTE))
            assert await idle.wait(1, 10)
            client.writer.write(slow)
            await asyncio.to_thread(wait_until, "it is cast", lambda: len(cast_votes(route)) == 2)
            route.process.terminate()
            assert await idle.wait(2, 10)
            assert idle.end == "closed"
            yield client
        await asyncio.to_thread(route.process.join, 10)
        assert route.process.exitcode == 0


@pytest.mark.parametrize("lean", [False, True])
async def test_a_vote_under_way_is_answered_before_the_service_ends(lean: bool) -> None:
    async with ending(lean) as client:
        assert await client.wait(1, 10)
        assert client.heard.startswith(b"HTTP/1.1 202 ")


@pytest.mark.parametrize("lean", [False, True])
async def test_a_client_that_only_waits_does_not_keep_the_service_from_ending(lean: bool) -> None:
    async with ending(lean) as client:
        assert await client.wait(2, 10)  # the answer, and the end
        assert client.end == "closed"
        assert b"connection: close" in client.heard


@pytest.mark.parametrize("lean", [False, True])
async def test_a_busy_connection_is_told_that_the_service_ends(lean: bool) -> None:
    async with ending(lean) as client:
        client.writer.write(request(VOTE) * 3)
        assert await client.wait(4, 10)
        assert client.end == "closed"
        _, accepted, last = client.heard.rpartition(b"HTTP/1.1 202 ")
        assert accepted
        assert b"connection: close" in last


async def test_a_client_that_leaves_does_not_harm_the_others(both: tuple[Trial, Trial]) -> None:
    slow = request(json.dumps(GOOD | {"name": "slow"}).encode())
    for route in both:
        async with voter(route) as client:
            client.writer.write(slow)
        assert (await say(route, slow)).heard.startswith(b"HTTP/1.1 202 ")
