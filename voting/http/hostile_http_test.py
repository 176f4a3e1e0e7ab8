"""What one client can take from a service over HTTP: each of the services, over sockets.

Kafka and the stores are unavailable: a service must keep its bounds without them, too.
"""

import itertools
import random
import re
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from harness.processes.ports import free_port
from harness.processes.waiting import wait_until
from harness.servers.services import Service
from tools.services.roster import SERVICES

if TYPE_CHECKING:  # pytest wants to import its plug-ins itself
    from harness.testing.fixtures import StartService

pytest_plugins = ["harness.testing.fixtures"]

BODY_BYTES: Final = 90_000_000
MAY_GROW_KB: Final = 8_000
PATHS: Final[dict[str, tuple[str, ...]]] = {
    "svc_http_route": ("/votes", "/openapi.json"),
    "svc_grpc_client": ("/votes", "/openapi.json"),
    "svc_results": (
        "/",
        "/openapi.json",
        "/api/results",
        "/api/votes",
        "/api/events",
        "/static/a/b",
    ),
    "svc_polls": ("/api/polls", "/api/polls/a", "/api/polls/a/close", "/openapi.json"),
    "svc_voters": ("/voters/a", "/openapi.json"),
    "svc_notary": (
        "/receipts/static/a/b",
        "/notary/0/checkpoint",
        "/notary/0/tile/0/000",
        "/openapi.json",
    ),
}
EVERYWHERE: Final = ("/healthz", "/readyz", "/metrics", "/nothing", "/votes/")


@pytest.fixture(scope="module", params=SERVICES)
def running(request: pytest.FixtureRequest, service: StartService) -> Service:
    nobody = f"127.0.0.1:{free_port()}"
    away = {
        "KAFKA_BOOTSTRAP_SERVERS": nobody,
        "REDIS_URL": f"redis://{nobody}/0",
        "MONGODB_URL": f"mongodb://{nobody}",
        "GRPC_TARGET": f"dns:///{nobody}",
        "SANIC_REQUEST_TIMEOUT": "2",
        "SANIC_RESPONSE_TIMEOUT": "4",
    }
    return service(request.param, ready_path="/healthz", **away)


@contextmanager
def connected(running: Service) -> Iterator[socket.socket]:
    with socket.create_connection((running.host, running.port), 10) as client:
        yield client


def read_to_end(client: socket.socket) -> bytes:
    """Return everything received until the connection ends."""
    answer = b""
    with suppress(ConnectionError):
        while data := client.recv(65536):
            answer += data
    return answer


def ask(running: Service, sent: bytes) -> bytes:
    with connected(running) as client:
        client.sendall(sent)
        return read_to_end(client)


def status_of(answer: bytes) -> int:
    found = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
    assert found, answer
    return int(found[1])


def peak_kb(running: Service) -> int:
    """Return the peak memory of the process."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{running.pid}/status").read_text())
    assert found
    return int(found[1])


def pour(running: Service, head: bytes, piece: bytes) -> bytes:
    """Send a request with a body of 90 MB until the server stops reading; return the answer."""
    with connected(running) as client:
        with suppress(ConnectionError):
            client.sendall(head)
            for _ in range(BODY_BYTES // 100_000):
                client.sendall(piece)
        return read_to_end(client)


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_no_service_buffers_an_unwanted_body(running: Service, chunked: bool) -> None:
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {BODY_BYTES}"
    piece = b"x" * 100_000
    if chunked:
        piece = b"%x\r\n%b\r\n" % (len(piece), piece)
    paths = (*EVERYWHERE, *PATHS.get(running.program, ()))
    ask(running, b"GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n")
    before = peak_kb(running)
    for path, method in itertools.product(paths, ("GET", "HEAD", "POST", "PUT", "OPTIONS")):
        head = f"{method} {path} HTTP/1.1\r\nContent-Type: application/json\r\n{length}\r\n\r\n"
        answer = pour(running, head.encode(), piece)
        assert status_of(answer) in {200, 401, 404, 405, 413, 503}, (method, path)
        assert b"\r\nconnection: close\r\n" in answer
    assert peak_kb(running) < before + MAY_GROW_KB


def test_head_is_answered_like_get_without_the_body(running: Service) -> None:
    for path in (*EVERYWHERE, *PATHS.get(running.program, ())):
        request = f" {path} HTTP/1.1\r\nConnection: close\r\n\r\n".encode()
        of_get, _, body = ask(running, b"GET" + request).partition(b"\r\n\r\n")
        of_head, _, nothing = ask(running, b"HEAD" + request).partition(b"\r\n\r\n")
        assert nothing == b""
        assert body != b""
        if path != "/metrics":  # never the same twice
            assert of_head == of_get


def test_a_head_over_16_kb_is_431_with_the_limit_in_its_detail(running: Service) -> None:
    def answer(size: int) -> bytes:
        head = b"GET /healthz HTTP/1.1\r\nConnection: close\r\nCookie: "
        return ask(running, head + b"x" * (size - len(head)) + b"\r\n\r\n")

    assert status_of(answer(16_383)) == 200
    assert status_of(answer(16_384)) == 431
    assert b'"detail":"the headers exceed 16384 bytes"' in answer(60_000)


@pytest.mark.parametrize(
    "sent",
    [b"GET /healthz HTTP/1.1\r\nX: ", b"GET /healthz HTTP/1.1\r\nContent-Length: 99\r\n\r\n"],
    ids=["head", "body"],
)
def test_a_client_that_trickles_bytes_times_out(running: Service, sent: bytes) -> None:
    with connected(running) as client:
        client.sendall(sent)
        answer = b""
        for _ in range(100):
            if select.select([client], [], [], 0.1)[0]:
                answer = read_to_end(client)
                break
            client.sendall(b"x")
    assert status_of(answer) in {200, 408}  # a handler without a body does not wait for one


def test_a_client_that_does_not_read_is_cut_off(running: Service) -> None:
    with connected(running) as client:
        client.setblocking(False)
        cut = select.poll()
        cut.register(client, select.POLLHUP)

        def is_cut() -> bool:
            try:
                client.send(b"GET /metrics HTTP/1.1\r\n\r\n" * 1000)
            except BlockingIOError:
                pass
            except ConnectionError:
                return True
            return bool(cut.poll(0))

        wait_until(is_cut, "the connection is cut", 30)


def test_pipelined_requests_take_turns_with_other_clients(running: Service) -> None:
    """A new client is answered before any of a hundred greedy ones has 1,000 answers.

    The service stands still until all requests are there, so that only its own order counts.
    """
    with ExitStack() as stack:
        running.pause()
        try:
            greedy = [stack.enter_context(connected(running)) for _ in range(100)]
            for client in greedy:
                client.setblocking(False)
                assert client.send(b"GET /healthz HTTP/1.1\r\n\r\n" * 10_000) > 50_000
            newcomer = stack.enter_context(connected(running))
            newcomer.sendall(b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n")
        finally:
            running.resume()
        assert status_of(read_to_end(newcomer)) == 200
        assert max(map(answers_so_far, greedy)) < 1000


def answers_so_far(client: socket.socket) -> int:
    received = b""
    with suppress(BlockingIOError):
        while data := client.recv(1_000_000):
            received += data
    return received.count(b"HTTP/1.1 200 OK")


NONSENSE: Final = [
    b"CONNECT evil:80 HTTP/1.1\r\n\r\n",
    b"POST evil:80 HTTP/1.1\r\n\r\n",
    b"GET http://evil HTTP/1.1\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nConnection: close\r\n\r\n",
    b"GET /vo\0tes HTTP/1.1\r\n\r\n",
    b"GET /v\xc3\xb6tes HTTP/1.1\r\n\r\n",
    b"\xff\xfe / HTTP/1.1\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
    b"POST /healthz HTTP/1.1\r\nExpect: \xff\r\nContent-Length: 1\r\n\r\n",
    b"POST /healthz HTTP/1.1\r\nUpgrade: websocket\r\nConnection: close\r\n\r\n",
]


def test_malformed_requests_are_answered_without_logging_errors(running: Service) -> None:
    logged = traces(running)
    for sent in NONSENSE:
        answer = ask(running, sent)
        assert status_of(answer) in {400, 404, 405, 417}, sent
        assert b"content-type: application/problem+json" in answer
    assert traces(running) == logged


def traces(running: Service) -> int:
    """Return how many tracebacks and errors the service has logged."""
    log = running.log.read_text(errors="replace")
    return log.count("Traceback") + log.count("ERROR voting.http") + log.count("ERROR sanic")


def test_random_bytes_do_not_disturb_the_service(running: Service) -> None:
    chance = random.Random(13)
    logged = traces(running)
    paths = [path.encode() for path in (*EVERYWHERE, *PATHS.get(running.program, ()))]
    with ExitStack() as stack:
        for _ in range(1500):
            client = stack.enter_context(connected(running))
            client.sendall(fuzz(chance, paths))
            client.shutdown(socket.SHUT_WR)
            if chance.random() < 0.1:
                stack.close()
    assert status_of(ask(running, b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n")) == 200
    assert traces(running) == logged


def fuzz(chance: random.Random, paths: list[bytes]) -> bytes:
    """Return a request with some bytes changed, or random bytes."""
    if chance.random() < 0.2:
        return chance.randbytes(chance.randint(1, 300))
    method = chance.choice((b"GET", b"POST", b"HEAD", b"PUT", b"CONNECT", b"OPTIONS"))
    headers = chance.sample(
        (
            b"Host: a",
            b"Content-Type: application/json",
            b"Content-Length: 7",
            b"Transfer-Encoding: chunked",
            b"Expect: 100-continue",
            b"Upgrade: websocket",
            b"Connection: close",
            b"Accept-Language: de;q=0.5, fr",
            b"Accept-Encoding: gzip;q=x",
            b"Cookie: a=b",
        ),
        chance.randint(0, 5),
    )
    target = chance.choice(paths) + chance.choice((b"", b"?limit=3&after=x", b"?%ff=%00", b"#a"))
    head = b"\r\n".join([b" ".join((method, target, b"HTTP/1.1")), *headers, b"", b""])
    sent = bytearray(head + chance.choice((b"", b'{"a":1}', b"7\r\n{}     \r\n0\r\n\r\n")))
    for _ in range(chance.randint(0, 4)):
        place = chance.randrange(len(sent))
        kind = chance.randrange(3)
        if kind == 0:
            sent[place] = chance.randrange(256)
        elif kind == 1:
            del sent[place]
        else:
            sent.insert(place, chance.randrange(256))
    return bytes(sent) or b"x"
