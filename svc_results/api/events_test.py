"""What watchers of `/api/events` get."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
from prometheus_client import REGISTRY

from harness.processes.waiting import until
from svc_results.feed import watchers as watchers_module
from svc_results.testing.fakes import FakeStores, fake_vote
from svc_results.testing.serving import Served, serve_results


@pytest.fixture
def stores() -> FakeStores:
    return FakeStores([fake_vote(n) for n in range(25)])


@pytest.fixture
async def served(stores: FakeStores) -> AsyncIterator[Served]:
    async with serve_results(stores) as served:
        yield served


@pytest.fixture
def client(served: Served) -> httpx.AsyncClient:
    return served.client


def frames_dropped() -> float:
    return REGISTRY.get_sample_value("svc_results_frames_dropped_total") or 0


async def next_snapshot(lines: AsyncIterator[str]) -> dict[str, object]:
    async for line in lines:
        if line.startswith('data: {"at"'):
            snapshot: dict[str, object] = msgspec.json.decode(line.removeprefix("data: "))
            return snapshot
    raise AssertionError("the stream ended")


async def test_watchers_are_sent_each_change(served: Served, stores: FakeStores) -> None:
    async with served.client.stream("GET", "/api/events") as stream:
        assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert stream.headers["content-encoding"] == "gzip"
        lines = stream.aiter_lines()
        assert (await next_snapshot(lines))["total"] == 25
        stores.votes.append(fake_vote(25))
        await served.read()
        assert (await next_snapshot(lines))["total"] == 26


async def test_a_watcher_without_gzip_is_sent_plain_text(client: httpx.AsyncClient) -> None:
    headers = {"accept-encoding": "identity"}
    async with client.stream("GET", "/api/events", headers=headers) as stream:
        assert "content-encoding" not in stream.headers
        assert (await next_snapshot(stream.aiter_lines()))["total"] == 25


async def test_a_watcher_who_leaves_is_forgotten(served: Served) -> None:
    async with served.client.stream("GET", "/api/events") as stream:
        await next_snapshot(stream.aiter_lines())
        assert served.feed.watchers == 1
    await until(lambda: served.feed.watchers == 0)


async def test_a_slow_watcher_skips_frames_delays_nobody_and_catches_up(
    served: Served, stores: FakeStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchers_module, "STALLED_SECONDS", 600.0)
    long = "\U0001d11e" * 190  # large frames soon fill a connection's buffers
    stores.votes = [fake_vote(n, name=long, album=f"{long}{n}") for n in range(50)]
    dropped = frames_dropped()
    port = served.client.base_url.port
    slow, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
    writer.write(b"GET /api/events HTTP/1.1\r\nhost: x\r\n\r\n")
    await until(lambda: served.feed.watchers == 1)
    async with asyncio.timeout(60):
        async with served.client.stream("GET", "/api/events") as stream:
            lines = stream.aiter_lines()
            await next_snapshot(lines)
            for number in range(50, 250):
                stores.votes.append(fake_vote(number, name=long, album=f"{long}{number % 50}"))
                await served.read()
                assert (await next_snapshot(lines))["total"] == number + 1
        text = b""
        while b'"total":250,' not in text:
            text = text[-100:] + await slow.read(1 << 20)
    writer.close()
    assert frames_dropped() > dropped


async def test_a_watcher_over_the_limit_gets_503_and_retry_after(stores: FakeStores) -> None:
    async with serve_results(stores, max_watchers=1) as served:
        async with served.client.stream("GET", "/api/events") as stream:
            await next_snapshot(stream.aiter_lines())
            refused = await served.client.get("/api/events")
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0


async def test_a_stopping_service_ends_its_streams(stores: FakeStores) -> None:
    async with (
        serve_results(stores) as served,
        asyncio.timeout(10),
        served.client.stream(
            "GET", "/api/events", headers={"accept-encoding": "identity"}
        ) as stream,
    ):
        lines = stream.aiter_lines()
        await next_snapshot(lines)
        served.feed.close()
        assert [line async for line in lines] == [""]


async def test_a_stopping_service_ends_the_connections_of_its_streams(stores: FakeStores) -> None:
    async with asyncio.timeout(10):
        async with serve_results(stores) as served:
            port = served.client.base_url.port
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /api/events HTTP/1.1\r\nhost: x\r\n\r\n")
            await until(lambda: served.feed.watchers == 1)
        assert (await reader.read()).endswith(b"0\r\n\r\n")
        writer.close()
