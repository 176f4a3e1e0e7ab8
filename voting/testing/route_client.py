"""Trial routes in processes of their own, and clients that send them raw bytes."""

import asyncio
import json
import multiprocessing
import os
import re
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple, cast

import httpx

from harness.processes.ports import free_port
from harness.processes.waiting import wait_until
from voting.testing.route_process import serve_trial_route


class TrialRoute(NamedTuple):
    """A running trial route."""

    port: int
    process: BaseProcess
    log: Path

    def get(self, path: str) -> httpx.Response:
        """Send a GET request to the route."""
        url = f"http://127.0.0.1:{self.port}"
        with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
            return client.get(path)

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Hold the route's process until all is there that a client has to send.

        None of the route's time then passes between two steps of the client, however slow it is.
        """
        pid = cast(int, self.process.pid)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)


@contextmanager
def trial_route(
    lean: bool,
    *,
    no_ids: bool = False,
    files: int = 4096,
    traced: float | None = None,
    **config: float,
) -> Iterator[TrialRoute]:
    """Run a trial route, on the lean path or on Sanic's handler, with these settings of Sanic.

    It may open at most `files` files. With `no_ids`, making an id fails. It records traces of the
    share `traced` of its votes, if that is given.
    """
    port = free_port()
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        arguments = (port, lean, config, log, no_ids, files, traced)
        process = spawn.Process(target=serve_trial_route, args=arguments, daemon=True)
        process.start()
        route = TrialRoute(port, process, log)
        try:
            wait_until(lambda: _answers(route), "the trial route answers")
            yield route
        finally:
            process.kill()
            process.join(10)


def _answers(route: TrialRoute) -> bool:
    try:
        return route.get("/readyz").is_success
    except httpx.TransportError:
        return False


class RawClient:
    """A client that keeps all bytes received over its connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.received = bytearray()
        self.end: str | None = None  # how the connection ended
        self._news = asyncio.Event()
        self.listening = asyncio.create_task(self._listen(reader))

    @property
    def transport(self) -> asyncio.Transport:
        """The connection's transport."""
        return cast(asyncio.Transport, self.writer.transport)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while data := await reader.read(65536):
                self.received += data
                self._news.set()
            self.end = "closed"
        except ConnectionError:
            self.end = "reset"
        self._news.set()

    async def wait(self, answers: int, seconds: float) -> bool:
        """Wait for `answers` answers or the end; return false if neither came in time."""
        try:
            async with asyncio.timeout(seconds):
                while self.end is None and not complete(self.received, answers):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True


def complete(received: bytes | bytearray, answers: int) -> bool:
    """Whether `answers` answers have arrived with their bodies."""
    while answers:
        head, end, received = received.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        if not end or len(received) < (size := int(length[1]) if length else 0):
            return False
        received = received[size:]
        answers -= not head.startswith(b"HTTP/1.1 100 ")
    return True


@asynccontextmanager
async def raw_client(port: int, receive_buffer: int | None = None) -> AsyncIterator[RawClient]:
    """Connect a client; abort its connection at the end."""
    sock = socket.socket()
    if receive_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=sock)
    client = RawClient(reader, writer)
    try:
        yield client
    finally:
        client.transport.abort()
        await client.listening


def vote_counts(route: TrialRoute) -> dict[str, str]:
    """Return the route's counters."""
    return dict(
        re.findall(r"^(vote\w+(?:_total|_count)\{.*\}) (\S+)$", route.get("/metrics").text, re.M)
    )


def refused_count(counted: dict[str, str], status: int) -> float:
    """Return how many requests were refused with `status`."""
    return float(counted.get(f'votes_refused_total{{route="http",status="{status}"}}', 0))


def votes_cast(route: TrialRoute, *, with_traces: bool = True) -> list[str]:
    """Return the votes passed to the route's sink, with their traceparents or without."""
    cast = route.get("/cast").json()
    return sorted(json.dumps(vote if with_traces else vote[:1]) for vote in cast)


async def send(port: int, *pieces: bytes, answers: int = 1, seconds: float = 10) -> RawClient:
    """Send only these pieces; return after `answers` answers or the end of the connection."""
    async with raw_client(port) as client:
        for piece in pieces:
            client.writer.write(piece)
            await asyncio.sleep(0.001)
        if not await client.wait(answers, seconds):
            raise TimeoutError(f"{bytes(client.received)!r} and no more")
        return client
