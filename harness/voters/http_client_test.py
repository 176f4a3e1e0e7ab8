"""The voters' client reports the outcome of every request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from harness.processes.ports import HOST, free_port
from harness.voters.http_client import NO_ANSWER, ClientAnswer, HttpClient


@asynccontextmanager
async def server(answer: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Serve one answer to every request, and note each request; b"" closes the connection."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not reader.at_eof():
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            asked.append(head + await reader.readexactly(length))
            if not answer:
                break
            writer.write(answer)
        writer.close()

    listening = await asyncio.start_server(serve, HOST, 0)
    yield listening.sockets[0].getsockname()[1], asked
    listening.close()


async def post(port: int, timeout_seconds: float = 5.0) -> ClientAnswer:
    client = HttpClient(HOST, port, timeout_seconds)
    try:
        return await client.post("/votes", {"x-one": "1"}, {"name": "Björk"})
    finally:
        client.close()


async def test_an_answer_is_returned_as_it_was_sent() -> None:
    head = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 10\r\n\r\n"
    async with server(head + b'{"id":"a"}') as (port, asked):
        found = await post(port)
    assert (found.status, found.reason) == (503, "Service Unavailable")
    assert found.headers["retry-after"] == "1"
    assert found.document == {"id": "a"}
    assert asked[0].startswith(b"POST /votes HTTP/1.1\r\n")
    assert b"\r\nx-one: 1\r\n" in asked[0]
    assert asked[0].endswith('{"name": "Björk"}'.encode())


async def test_a_body_that_is_not_a_json_object_gives_no_document() -> None:
    answer = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 11\r\n\r\nBad Gateway"
    async with server(answer) as (port, _):
        found = await post(port)
    assert (found.status, found.document) == (502, {})


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(b"", "IncompleteReadError"), (b"HTTP/1.1 200 OK\r\n", "no answer in time")],
)
async def test_a_missing_answer_has_a_reason(answer: bytes, reason: str) -> None:
    async with server(answer) as (port, _):
        found = await post(port, timeout_seconds=0.5)
    assert (found.status, found.reason) == (NO_ANSWER, reason)


async def test_a_refused_connection_is_a_missing_answer() -> None:
    found = await post(free_port())
    assert (found.status, found.reason) == (NO_ANSWER, "ConnectionRefusedError")


async def test_connections_come_from_the_sources_in_turn() -> None:
    peers: list[str] = []

    def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peers.append(writer.get_extra_info("peername")[0])
        writer.close()

    async with await asyncio.start_server(note, HOST, 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        client = HttpClient(HOST, port, timeout_seconds=5.0, sources=["127.0.1.1", "127.0.1.2"])
        for _ in range(3):
            await client.post("/votes", {}, {})
    assert peers == ["127.0.1.1", "127.0.1.2", "127.0.1.1"]
