"""The requests and answers of a connection; aiokafka's own classes read and write them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from io import BytesIO

import pytest
from aiokafka.protocol.api import RequestHeader_v1
from aiokafka.protocol.produce import ProduceRequest_v7, ProduceResponse_v7

from voting.ledger.broker import Answer, Broker


class Peer:
    """The other end of the connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def request(self) -> tuple[int, ProduceRequest_v7]:
        """Return the number and the contents of the next request."""
        size = int.from_bytes(await self._reader.readexactly(4))
        data = BytesIO(await self._reader.readexactly(size))
        key, version, number, _ = RequestHeader_v1.SCHEMA.decode(data)
        assert (key, version) == (0, 7)
        return number, ProduceRequest_v7.decode(data)

    async def closed(self) -> None:
        assert await self._reader.read() == b""


def answer(number: int, codes: Mapping[int, int]) -> bytes:
    """Return an answer with these error codes by partition."""
    partitions = [(partition, code, 5, 1234, 0) for partition, code in codes.items()]
    return frame(number.to_bytes(4) + ProduceResponse_v7([("votes", partitions)], 0).encode())


def frame(body: bytes) -> bytes:
    return len(body).to_bytes(4) + body


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Broker, Peer]]:
    peers: asyncio.Queue[Peer] = asyncio.Queue()
    server = await asyncio.start_server(lambda r, w: peers.put_nowait(Peer(r, w)), "127.0.0.1", 0)
    async with server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        broker, peer = Broker(writer, "votes"), await peers.get()
        yield broker, peer
        broker.close()
        peer.writer.close()


class Answers:
    """Collects the answers to requests, in order."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Mapping[int, Answer]] = asyncio.Queue()
        self.take = self._queue.put_nowait

    async def next(self) -> Mapping[int, Answer]:
        async with asyncio.timeout(10):
            return await self._queue.get()

    @property
    def none(self) -> bool:
        return self._queue.empty()


async def test_a_request_asks_for_all_in_sync_replicas() -> None:
    async with connected() as (broker, peer):
        broker.write([(0, b"zero"), (3, b"three")], 5000, Answers().take)
        _, request = await peer.request()
    assert request.transactional_id is None
    assert request.required_acks == -1
    assert request.timeout == 5000
    assert request.topics == [("votes", [(0, b"zero"), (3, b"three")])]


async def test_each_partition_has_its_answer() -> None:
    answers = Answers()
    async with connected() as (broker, peer):
        broker.write([(0, b"zero"), (3, b"three")], 5000, answers.take)
        number, _ = await peer.request()
        peer.writer.write(answer(number, {0: 0, 3: 19}))
        assert await answers.next() == {0: Answer(0, 1234), 3: Answer(19, 1234)}


async def test_answers_may_come_in_pieces_and_together() -> None:
    first, second = Answers(), Answers()
    async with connected() as (broker, peer):
        broker.write([(0, b"a")], 5000, first.take)
        broker.write([(1, b"b")], 5000, second.take)
        numbers = [(await peer.request())[0] for _ in range(2)]
        data = answer(numbers[0], {0: 0}) + answer(numbers[1], {1: 0})
        for byte in data[:-1]:
            peer.writer.write(bytes([byte]))
            await asyncio.sleep(0)
        assert await first.next() == {0: Answer(0, 1234)}
        assert second.none
        peer.writer.write(data[-1:])
        assert await second.next() == {1: Answer(0, 1234)}


@pytest.mark.parametrize(
    "wrong",
    [
        answer(77, {0: 0}),
        frame(b"\x00\x00"),
        frame(answer(1, {0: 0})[4:16]),
        frame(answer(1, {0: 0})[4:-12]),
    ],
    ids=["of another request", "short", "without partitions", "cut off"],
)
async def test_what_is_not_an_answer_acknowledges_nothing(wrong: bytes) -> None:
    answers = Answers()
    async with connected() as (broker, peer):
        broker.write([(0, b"a")], 5000, answers.take)
        await peer.request()
        peer.writer.write(wrong)
        assert await answers.next() == {}
        assert not broker.is_open


async def test_an_answer_that_nobody_asked_for_ends_the_connection() -> None:
    async with connected() as (broker, peer):
        peer.writer.write(answer(0, {0: 0}))
        await peer.closed()
        assert not broker.is_open


async def test_a_lost_connection_leaves_every_request_without_an_answer() -> None:
    first, second = Answers(), Answers()
    async with connected() as (broker, peer):
        broker.write([(0, b"a")], 5000, first.take)
        broker.write([(1, b"b")], 5000, second.take)
        peer.writer.transport.abort()
        assert await first.next() == await second.next() == {}
        assert not broker.is_open
