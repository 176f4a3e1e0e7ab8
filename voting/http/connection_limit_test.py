"""The limit on connections, with fake connections and with a process that may open few files."""

import asyncio
import re
import resource
import socket
from contextlib import AsyncExitStack, ExitStack, suppress
from pathlib import Path

import pytest

from harness.processes.waiting import wait_until
from voting.http.connection_limit import CONNECTIONS_MAX, ConnectionLimit
from voting.testing.requests import LAST
from voting.testing.route_client import TrialRoute, raw_client, send, trial_route

LIMIT_MB = 256  # of a route, in k8s/base


class Connection:
    """A connection that has been idle for some time."""

    def __init__(self, idle_seconds: float) -> None:
        self.idle_seconds = idle_seconds
        self.closed = False

    def close(self) -> None:
        self.closed = True


def test_connections_up_to_the_limit_are_admitted() -> None:
    limit = ConnectionLimit(2)
    assert limit.admits([])
    assert limit.admits([Connection(99)])
    assert not limit.admits([Connection(0), Connection(0)])


def test_at_the_limit_idle_connections_are_closed_to_make_room() -> None:
    waiting, busy, fresh = Connection(6), Connection(0), Connection(4)
    assert ConnectionLimit(3).admits([waiting, busy, fresh])
    assert [waiting.closed, busy.closed, fresh.closed] == [True, False, False]


def test_connections_are_inspected_at_most_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voting.http.connection_limit.monotonic", lambda: 100.0)
    limit = ConnectionLimit(1)
    assert not limit.admits([Connection(0)])
    waiting = Connection(6)
    assert not limit.admits([waiting])
    assert not waiting.closed


async def test_a_service_at_its_file_limit_refuses_connections_and_recovers() -> None:
    with trial_route(lean=True, files=256 + 20) as route:
        async with AsyncExitStack() as stack:
            held = [await stack.enter_async_context(raw_client(route.port)) for _ in range(20)]
            for client in held:
                client.writer.write(
                    b"POST /votes HTTP/1.1\r\n"
                )  # in progress, so it must not be closed
            refused = await send(route.port, answers=99)
            assert refused.received.startswith(
                b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1"
            )
            assert b"application/problem+json" in refused.received
            assert not any(client.end for client in held)
        async with asyncio.timeout(10):
            while not (await send(route.port, LAST)).received.startswith(b"HTTP/1.1 200"):
                await asyncio.sleep(0.01)
        assert "Traceback" not in route.log.read_text()


async def test_idle_connections_do_not_keep_new_ones_out() -> None:
    with trial_route(lean=True, files=256 + 20) as route:
        async with AsyncExitStack() as stack:
            for _ in range(20):
                await stack.enter_async_context(raw_client(route.port))
            async with asyncio.timeout(20):
                while not (await send(route.port, LAST)).received.startswith(b"HTTP/1.1 200"):
                    await asyncio.sleep(0.1)


def memory_mb(route: TrialRoute) -> float:
    status = Path(f"/proc/{route.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


HEAD = b"POST /votes HTTP/1.1\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"X: " + b"x" * 16_000,
        HEAD + b"Content-Length: 4000\r\n\r\n" + b"x" * 3990,
        b"GET /openapi.json HTTP/1.1\r\n\r\n" * 1000,
    ],
    ids=["half a head", "half a body", "unread answers"],
)
def test_memory_suffices_for_every_connection_that_one_client_can_open(sent: bytes) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with trial_route(lean=True, files=CONNECTIONS_MAX + 256) as route, ExitStack() as stack:
        for _ in range(CONNECTIONS_MAX):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", route.port), 30))
            client.setblocking(False)
            with suppress(BlockingIOError):
                client.send(sent)
        peaks = [0.0, memory_mb(route)]

        def is_settled() -> bool:
            peaks.append(max(peaks[-1], memory_mb(route)))
            return len(peaks) > 250 and peaks[-1] - peaks[-250] < 1

        wait_until(is_settled, "its memory grows no more")
        assert peaks[-1] < LIMIT_MB
