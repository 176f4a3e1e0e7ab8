"""Bytes are sent until an answer comes, and the answer is reported as it is."""

import asyncio
import itertools
import time

import pytest

from chaos.hostile_clients.wire import Pace, exchange, get, status_of
from harness.processes.ports import HOST


async def answer_with(answer: bytes, *, after: int) -> tuple[asyncio.Server, int]:
    """Return a server that answers when it has read `after` bytes, and its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(after)
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    return server, server.sockets[0].getsockname()[1]


@pytest.mark.asyncio
async def test_a_body_without_end_stops_with_the_answer() -> None:
    answer = b"HTTP/1.1 413 Too Large\r\n\r\n"
    server, port = await answer_with(answer, after=1000)
    async with server:
        reply = await exchange(port, itertools.repeat(b"x" * 100), limit_seconds=10)
    assert (reply.kind, reply.size) == ("413", len(answer))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("answer", "after", "kind"),
    [(b"", 1, "closed"), (b"", 1000, "no answer in time"), (b"gibberish", 1, "closed")],
)
async def test_what_is_not_an_answer_has_a_kind_of_its_own(
    answer: bytes, after: int, kind: str
) -> None:
    server, port = await answer_with(answer, after=after)
    async with server:
        assert (await exchange(port, [get("/")], limit_seconds=0.5)).kind == kind


def test_a_status_is_in_the_first_line() -> None:
    assert status_of(b"HTTP/1.1 200") == "200"
    assert status_of(b"") == "closed"


@pytest.mark.asyncio
async def test_turns_come_at_a_steady_rate() -> None:
    pace, begin = Pace(100), time.monotonic()
    await asyncio.gather(*(pace.turn() for _ in range(11)))
    assert time.monotonic() - begin > 0.09
