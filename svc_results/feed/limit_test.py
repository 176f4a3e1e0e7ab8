"""The memory that the maximum of watchers and visitors takes: real sockets, service and Redis.

There are as many albums as possible, with the longest names, of characters that hardly compress, so
that frames are as large as they get. Most watchers do not read, or read a byte now and then; some
send as many header fields as fit.
"""

import asyncio
import random
import resource
import socket
import sys
from collections.abc import Awaitable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx
import pytest
import yaml
from redis import Redis

from harness.processes.ports import free_port
from harness.processes.waiting import until
from harness.servers.services import Service
from svc_results.feed.watchers import SEND_BUFFER_BYTES
from svc_results.result.ranking import RANKING_MAX
from svc_results.service import VISITORS
from svc_results.settings import ResultsSettings
from voting.domain.tally import AlbumTally, Tally
from voting.domain.vote import TEXT_MAX, Route
from voting.stores.tally_fields import counter_fields
from voting.stores.tally_reader import TALLY_KEY

if TYPE_CHECKING:  # pytest wants to import its plug-ins itself
    from harness.servers.mongodb_server import MongodbServer
    from harness.servers.redis_server import RedisServer

pytest_plugins = ["harness.testing.fixtures"]

MANIFEST: Final = Path(__file__).parents[2] / "k8s/base/svc-results.yaml"
MOST: Final = ResultsSettings().max_watchers
PER_ADDRESS: Final = ResultsSettings().watchers_per_address
READERS: Final = 50
BY_BYTES: Final = 500
SECONDS: Final = 8.0  # for which all of them watch

# A slow machine must be able to connect all watchers before the first one is cut off.
PATIENT: Final = """
from svc_results import __main__
from svc_results.feed import watchers
watchers.STALLED_SECONDS = 120.0
__main__.main()
"""

HEAD: Final = b"GET /api/events HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\n"
MANY_FIELDS: Final = b"".join(b"a%x:\r\n" % n for n in range(900))


def memory_limit() -> int:
    """Return the memory that the manifest gives the service, in bytes."""
    [deployment] = [
        document
        for document in yaml.safe_load_all(MANIFEST.read_text())
        if document["kind"] == "Deployment"
    ]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    return int(container["resources"]["limits"]["memory"].removesuffix("Mi")) << 20


def peak_memory(service: Service) -> int:
    """Return the most memory the process ever had, in bytes."""
    status = Path(f"/proc/{service.pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) << 10


@pytest.fixture(scope="module")
def redis(redis_server: RedisServer) -> Iterator[Redis]:
    chance = random.Random(1)

    def longest() -> str:
        return "".join(chr(chance.randrange(0x20000, 0x2A6D0)) for _ in range(TEXT_MAX))

    with Redis.from_url(redis_server.url) as redis:
        for _ in range(RANKING_MAX // 1000):
            albums = [AlbumTally(longest(), longest(), 2000, 3, 150) for _ in range(1000)]
            tally = Tally({(a.name, a.album, a.year): a for a in albums})
            redis.hset(TALLY_KEY, mapping=counter_fields(tally))
        redis.hset(TALLY_KEY, mapping={f"r:{Route.HTTP}": 3 * RANKING_MAX})
        yield redis
        redis.delete(TALLY_KEY)


class PatientService(Service):
    """svc_results with a long timeout for stalled watchers."""

    def command(self) -> list[str]:
        """Return the command line."""
        return [sys.executable, "-c", PATIENT]


@pytest.fixture
def results(
    redis: Redis, redis_server: RedisServer, mongodb: MongodbServer, tmp_path: Path
) -> Iterator[Service]:
    settings = {"REDIS_URL": redis_server.url, "MONGODB_URL": mongodb.url}
    with PatientService("svc_results", free_port(), tmp_path, settings) as results:
        yield results


class Crowd:
    """Watchers of all kinds, `PER_ADDRESS` from each address."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.frames = [0] * READERS
        self.watching: list[socket.socket] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def join(
        self, address: str, *, buffer: int | None = None, head: bytes = b""
    ) -> tuple[bytes, socket.socket]:
        """Open a stream from this address, keep it if accepted, and return the answer's start."""
        loop = asyncio.get_running_loop()
        watcher = socket.socket()
        watcher.setblocking(False)
        if buffer is not None:
            watcher.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        watcher.bind((address, 0))
        await loop.sock_connect(watcher, (self._service.host, self._service.port))
        await loop.sock_sendall(watcher, HEAD + head + b"\r\n")
        answer = b""
        while b"\r\n" not in answer:
            answer += await loop.sock_recv(watcher, 15)
        if b" 200 " in answer:
            self.watching.append(watcher)
        else:
            answer += await loop.sock_recv(watcher, 4096)
            watcher.close()
        return answer, watcher

    async def fill(self) -> None:
        """Join until the limit is reached."""
        # Several addresses at the same time.
        addresses = range(0, MOST, PER_ADDRESS)
        await asyncio.gather(*(self._fill(range(n, n + PER_ADDRESS)) for n in addresses))

    async def _fill(self, numbers: range) -> None:
        for number in numbers:
            buffer = None if number < READERS else 4096
            head = MANY_FIELDS if number % 4 == 0 else b""
            address = f"127.0.1.{number // PER_ADDRESS + 1}"
            answer, watcher = await self.join(address, buffer=buffer, head=head)
            assert b" 200 " in answer
            if number < READERS:
                self._do(self._read(number, watcher))
            elif number < READERS + BY_BYTES:
                self._do(self._read_bytes(watcher))

    async def leave(self) -> None:
        """Close all streams."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for watcher in self.watching:
            watcher.close()

    def _do(self, work: Awaitable[None]) -> None:
        self._tasks.append(asyncio.ensure_future(work))

    async def _read(self, number: int, watcher: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while data := await loop.sock_recv(watcher, 1 << 18):
            # Each piece of the compressed stream ends with these bytes of a flush.
            self.frames[number] += data.count(b"\x00\x00\xff\xff")

    async def _read_bytes(self, watcher: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with suppress(ConnectionError):
            while await loop.sock_recv(watcher, 1):
                await asyncio.sleep(1)


def open_more_files(count: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))


async def test_the_memory_suffices_for_the_maximum_of_watchers(
    results: Service, redis: Redis
) -> None:
    open_more_files(MOST + 500)
    crowd = Crowd(results)
    voting = asyncio.create_task(vote(redis))
    try:
        await crowd.fill()
        refused, _ = await crowd.join("127.0.1.1")
        assert refused.startswith(b"HTTP/1.1 429 ")
        refused, _ = await crowd.join("127.0.2.1")
        assert refused.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 10" in refused
        before = list(crowd.frames)
        await asyncio.sleep(SECONDS)
        # Those that read keep getting frames, and other requests are answered.
        await until(
            lambda: all(after > sent + 3 for sent, after in zip(before, crowd.frames, strict=True))
        )
        async with httpx.AsyncClient(timeout=30) as client:
            metrics = (await client.get(f"{results.url}/metrics")).text
        assert f"svc_results_watchers {MOST}.0" in metrics
    finally:
        voting.cancel()
        await crowd.leave()
    memory, sent = peak_memory(results), MOST * 2 * SEND_BUFFER_BYTES
    used = f"{memory >> 20} MB at most, and {sent >> 20} MB of the system's buffers"
    assert memory + sent < memory_limit(), used


async def test_the_memory_suffices_for_visitors_who_do_not_read(results: Service) -> None:
    loop = asyncio.get_running_loop()
    open_more_files(VISITORS + 500)
    visitors = []
    try:
        for _ in range(VISITORS):
            visitor = socket.socket()
            visitors.append(visitor)
            visitor.setblocking(False)
            visitor.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            await loop.sock_connect(visitor, (results.host, results.port))
            await loop.sock_sendall(visitor, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            assert await loop.sock_recv(visitor, 15) == b"HTTP/1.1 200 OK"
        async with httpx.AsyncClient(timeout=30) as client:
            page = await client.get(results.url)
        assert page.status_code == httpx.codes.OK
    finally:
        for visitor in visitors:
            visitor.close()
    memory = peak_memory(results)
    assert memory < memory_limit(), f"{memory >> 20} MB; a page has {len(page.content)} bytes"


async def vote(redis: Redis) -> None:
    """Count a vote now and then, so that each frame differs."""
    while True:
        await asyncio.to_thread(redis.hincrby, TALLY_KEY, f"r:{Route.HTTP}", 1)
        await asyncio.sleep(0.4)
