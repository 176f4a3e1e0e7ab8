"""Reading Prometheus, against the real one."""

import asyncio
import time
from pathlib import Path

import pytest

from harness.processes.ports import free_port
from harness.processes.waiting import wait_until
from harness.servers.prometheus_server import PrometheusServer
from loadtest.measure.prometheus import CPU, MEMORY, PrometheusError, Track, read_tracks

pytest_plugins = ["harness.testing.fixtures"]


def test_readings_come_with_their_times_and_labels(
    server_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # the environment's: not used
    port = free_port()
    targets = {"svc_http_route": f"127.0.0.1:{port}"}  # itself: it has the same metrics
    started = time.time()

    def tracks() -> list[Track]:
        return asyncio.run(read_tracks(server.url, started, time.time()))

    with PrometheusServer(port, server_folder, targets) as server:
        wait_until(lambda: any(len(t.readings) > 1 for t in tracks()), "it has read twice")
        found = tracks()
    assert [track.metric for track in found] == [CPU, MEMORY]
    assert {track.labels["job"] for track in found} == {"svc_http_route"}
    times = [at for at, _ in found[0].readings]
    assert times == sorted(times)
    assert all(started <= at <= time.time() for at in times)


async def test_no_prometheus_is_an_error_with_its_reason() -> None:
    with pytest.raises(PrometheusError, match="refused"):
        await read_tracks("http://127.0.0.1:1", 0.0, 1.0)
