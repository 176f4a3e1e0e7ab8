"""The limits on watchers, and their connections, on real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from prometheus_client import REGISTRY

from harness.processes.waiting import until
from svc_results.feed import watchers as watchers_module
from svc_results.testing.fakes import FakeStores, fake_vote
from svc_results.testing.serving import Served, serve_results

LONG = "\U0001d11e" * 190


def counted(name: str) -> float:
    return REGISTRY.get_sample_value(name) or 0


@pytest.fixture
def stores() -> FakeStores:
    return FakeStores([fake_vote(n, name=LONG, album=f"{LONG}{n}") for n in range(100)])


@asynccontextmanager
async def watching(served: Served, more: bytes = b"") -> AsyncIterator[socket.socket]:
    """Watch without reading, with the smallest receive buffer."""
    watcher = socket.socket()
    watcher.setblocking(False)
    watcher.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    address = ("127.0.0.1", served.client.base_url.port)
    await asyncio.get_running_loop().sock_connect(watcher, address)
    before = served.feed.watchers
    watcher.sendall(b"GET /api/events HTTP/1.1\r\nhost: x\r\n\r\n" + more)
    if not more:
        await until(lambda: served.feed.watchers == before + 1)
    with watcher:
        yield watcher


async def read_to_the_end(watcher: socket.socket, size: int = 1 << 20) -> None:
    loop = asyncio.get_running_loop()
    with suppress(ConnectionError):
        while await loop.sock_recv(watcher, size):
            pass


async def test_one_address_cannot_take_all_places(stores: FakeStores) -> None:
    async with serve_results(
        stores, max_watchers=4, per_address=2, trusted="127.0.0.1/32"
    ) as served:

        async def status(forwarded_for: str) -> int:
            headers = {"x-forwarded-for": forwarded_for}
            request = served.client.build_request("GET", "/api/events", headers=headers)
            answer = await served.client.send(request, stream=True)
            if answer.status_code != 200:
                assert answer.headers["content-type"] == "application/problem+json"
                assert int(answer.headers["retry-after"]) > 0
            return answer.status_code

        assert [await status("192.0.2.1") for _ in range(3)] == [200, 200, 429]
        # The last address is the one that the entry saw; any before it may be forged.
        assert await status("192.0.2.2, 192.0.2.1") == 429
        assert [await status("2001:db8::1"), await status("2001:db8::2")] == [200, 200]
        assert await status("2001:db8::3") == 429
        assert await status("192.0.2.3") == 503


async def test_a_place_is_free_again_when_its_watcher_leaves(stores: FakeStores) -> None:
    async with serve_results(stores, per_address=1) as served:
        for _ in range(3):
            async with served.client.stream("GET", "/api/events") as stream:
                assert stream.status_code == 200
                assert (await served.client.get("/api/events")).status_code == 429
            await until(lambda: served.feed.watchers == 0)


async def test_an_untrusted_peers_forwarded_address_is_ignored(stores: FakeStores) -> None:
    async with (
        serve_results(stores, per_address=1, trusted="192.0.2.0/24") as served,
        watching(served),
    ):
        headers = {"x-forwarded-for": "198.51.100.1"}
        assert (await served.client.get("/api/events", headers=headers)).status_code == 429


async def test_a_watcher_that_does_not_read_is_cut_off_in_time(
    stores: FakeStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchers_module, "STALLED_SECONDS", 0.2)
    before = counted("svc_results_watchers_stalled_total")
    async with serve_results(stores) as served, watching(served):
        await until(lambda: served.feed.watchers == 0)
    assert counted("svc_results_watchers_stalled_total") == before + 1


async def test_a_watcher_that_reads_byte_by_byte_is_cut_off_in_time(
    stores: FakeStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchers_module, "STALLED_SECONDS", 0.2)
    async with serve_results(stores) as served, watching(served) as watcher:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(10):
            while served.feed.watchers:
                await loop.sock_recv(watcher, 1)
                await asyncio.sleep(0.001)


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_watcher_that_sends_more_data_is_cut_off(
    stores: FakeStores, *, at_once: bool
) -> None:
    more = b"x" * 10_000 if at_once else b""
    async with (
        serve_results(stores) as served,
        watching(served, more) as watcher,
        asyncio.timeout(5),
    ):
        if not at_once:
            watcher.sendall(b"x")
        await read_to_the_end(watcher)
        await until(lambda: served.feed.watchers == 0)


async def test_a_long_url_is_refused(stores: FakeStores) -> None:
    async with serve_results(stores) as served:
        assert (await served.client.get("/api/events?x=" + "y" * 500)).status_code == 414


async def test_a_head_request_gets_no_events(stores: FakeStores) -> None:
    async with serve_results(stores, per_address=1) as served, asyncio.timeout(5):
        for _ in range(2):
            answer = await served.client.head("/api/events")
            assert (answer.status_code, answer.content) == (200, b"")
            assert answer.headers["content-type"].startswith("text/event-stream")


async def test_a_stopping_service_does_not_wait_for_watchers_that_do_not_read(
    stores: FakeStores,
) -> None:
    async with serve_results(stores) as served, watching(served):
        loop = asyncio.get_running_loop()
        start = loop.time()
        served.feed.close()
        served.watchers.close()
        await until(lambda: served.feed.watchers == 0)
        assert loop.time() - start < watchers_module.STALLED_SECONDS / 2
