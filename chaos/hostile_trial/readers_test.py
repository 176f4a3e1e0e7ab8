import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from chaos.hostile_trial.readers import Readers
from harness.processes.ports import HOST, free_port
from harness.processes.waiting import until

SOURCE = "127.0.1.9"
OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
EVENT = OK + b"event: results\ndata: {}\n\n"
PAGE = OK + b"<html>\n</html>\n"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}"


@asynccontextmanager
async def server(answers: dict[str, bytes]) -> AsyncIterator[tuple[int, set[str]]]:
    """Answer each path with its bytes and close; yield the port and the visitors' addresses."""
    visitors: set[str] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visitors.add(writer.get_extra_info("peername")[0])
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(answers[head.split()[1].decode()])
        writer.close()

    async with await asyncio.start_server(serve, HOST, 0) as listening:
        yield listening.sockets[0].getsockname()[1], visitors


async def read(port: int, enough: Callable[[Readers], bool]) -> Readers:
    """Run readers until `enough` holds."""
    readers = Readers(port, [SOURCE])
    reading = asyncio.create_task(readers.run())
    await until(lambda: enough(readers), "the readers")
    reading.cancel()
    with suppress(asyncio.CancelledError):
        await reading
    return readers


async def test_readers_see_page_and_events_each_from_an_address_of_its_own() -> None:
    async with server({"/": PAGE, "/api/events": EVENT}) as (port, visitors):
        readers = await read(port, lambda readers: len(readers.waits) >= 4)
    assert not readers.refused
    assert visitors == {SOURCE}


@pytest.mark.parametrize(
    ("answer", "got"),
    [
        (BUSY, "503"),
        (OK, "200"),  # and nothing to see
        (b"", "RemoteProtocolError"),
    ],
)
async def test_a_reader_who_sees_nothing_was_refused(answer: bytes, got: str) -> None:
    async with server({"/": answer, "/api/events": answer}) as (port, _):
        readers = await read(port, lambda readers: readers.refused.total() >= 2)
    assert not readers.waits
    assert set(readers.refused) == {got}


async def test_a_reader_that_cannot_connect_was_refused() -> None:
    readers = await read(free_port(), lambda readers: readers.refused.total() >= 2)
    assert set(readers.refused) == {"ConnectError"}
