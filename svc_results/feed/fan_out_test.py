"""What a snapshot costs with many watchers, some of whom do not read, on real sockets."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from prometheus_client import REGISTRY

from harness.processes.waiting import until
from svc_results.feed import frame as frame_module
from svc_results.feed import watchers as watchers_module
from svc_results.feed.frame import deflate
from svc_results.testing.fakes import FakeStores, fake_vote
from svc_results.testing.serving import Served, serve_results

MOST = 100
REQUEST = b"GET /api/events HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\n\r\n"
FRAME_END = b"\x00\x00\xff\xff\r\n"  # of a full flush, at the end of a chunk


@pytest.fixture
def stores() -> FakeStores:
    """Albums whose names hardly compress, so that a frame is larger than the kernel's buffers."""
    chance = random.Random(1)
    names = [
        "".join(chr(chance.randrange(0x20000, 0x2A6D0)) for _ in range(200)) for _ in range(100)
    ]
    return FakeStores([fake_vote(n, name=name, album=name) for n, name in enumerate(names)])


@asynccontextmanager
async def watching(served: Served) -> AsyncIterator[asyncio.StreamReader]:
    """Watch, after the first frame."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", served.client.base_url.port, limit=1 << 20
    )
    writer.write(REQUEST)
    await reader.readuntil(FRAME_END)  # what opens the stream
    await reader.readuntil(FRAME_END)
    try:
        yield reader
    finally:
        writer.close()


@asynccontextmanager
async def not_reading(served: Served) -> AsyncIterator[None]:
    """Watch without reading, with the smallest receive buffer."""
    before = served.feed.watchers
    with socket.socket() as sock:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        address = ("127.0.0.1", served.client.base_url.port)
        await asyncio.get_running_loop().sock_connect(sock, address)
        sock.sendall(REQUEST)
        await until(lambda: served.feed.watchers == before + 1)
        yield


def frames_sent() -> float:
    return REGISTRY.get_sample_value("svc_results_frames_sent_total") or 0


async def publish(served: Served, stores: FakeStores, number: int) -> None:
    stores.votes.append(fake_vote(number))
    await served.read()


async def test_a_frame_is_encoded_and_compressed_once_for_all(
    stores: FakeStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[bytes] = []

    def counted(data: bytes) -> bytes:
        encoded.append(data)
        return deflate(data)

    monkeypatch.setattr(frame_module, "deflate", counted)
    async with serve_results(stores) as served, AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(watching(served)) for _ in range(MOST)]
        encoded.clear()
        await publish(served, stores, 1000)
        frames = {await reader.readuntil(FRAME_END) for reader in readers}
        assert len(frames) == 1
        assert len(encoded) == 1


async def test_slow_watchers_up_to_the_limit_cost_the_one_who_reads_nothing(
    stores: FakeStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every frame arrives, and no other is given to those who have not read their first."""
    monkeypatch.setattr(watchers_module, "STALLED_SECONDS", 600.0)
    async with (
        serve_results(stores, max_watchers=MOST, per_address=MOST + 1) as served,
        AsyncExitStack() as stack,
    ):
        for _ in range(MOST - 1):
            await stack.enter_async_context(not_reading(served))
        reader = await stack.enter_async_context(watching(served))
        assert (await served.client.get("/api/events")).status_code == 503
        before = frames_sent()
        for number in range(30):
            await publish(served, stores, 1000 + number)
            size, _, chunk = (await reader.readuntil(FRAME_END)).partition(b"\r\n")
            assert len(chunk) == int(size, 16) + len(b"\r\n")
        assert frames_sent() == before + 30
