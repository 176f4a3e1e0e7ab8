"""Services that answer, and others that do not, over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest

from svc_polls.watch.http_get import (
    ANSWER_BYTES_MAX,
    Answer,
    HttpFailedError,
    http_get,
    new_client,
)
from svc_polls.watch.services import Instance, WatchedService, polls_in, read_services
from svc_polls.watched_services import SERVICES_MAX, WatchedAddress, read_watched_services

NOW_MS = 1_764_000_000_000
FRESH = b"polls_log_proved_timestamp_seconds 1.763999995e+09\npolls_log_halted 0.0\n"
OLD = b"polls_log_proved_timestamp_seconds 1.763999985e+09\npolls_log_halted 0.0\n"
HALTED = b"polls_log_proved_timestamp_seconds 1.763999999e+09\npolls_log_halted 1.0\n"


def answer(body: bytes, status: str = "200 OK", more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{more}\r\n".encode() + body


@asynccontextmanager
async def served(answers: dict[str, bytes]) -> AsyncIterator[int]:
    """Serve these bytes by path, and close; "" answers each other path."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ")[1].decode()
        writer.write(answers.get(path, answers.get("", b"")))
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def state_of(port: int, host: str = "127.0.0.1") -> WatchedService:
    watched = [WatchedAddress("svc", host, port)]
    async with aclosing(read_services(watched, lambda: NOW_MS)) as readings:
        (found,) = await anext(readings)
        return found


@pytest.mark.parametrize(
    ("readiness", "metrics", "expected"),
    [
        (answer(b'{"status":"ready"}'), FRESH, {"ready": True, "polls_known": True}),
        (answer(b'{"status":"ready"}'), OLD, {"ready": True, "polls_known": False}),
        (answer(b'{"status":"ready"}'), b"", {"ready": True, "polls_known": None}),
        (
            answer(b'{"status":"ready"}'),
            HALTED,
            {"ready": True, "polls_known": False, "polls_halted": True},
        ),
        (
            answer(b'{"status":"not ready","reason":"no Kafka"}', "503 Service Unavailable"),
            FRESH,
            {"ready": False, "reason": "no Kafka", "polls_known": True},
        ),
        (answer(b"<html>", "502 Bad"), b"", {"ready": False, "reason": "it answered 502"}),
        (
            answer(b"", "302 Found", "location: http://127.0.0.1:1/\r\n"),
            b"",
            {"ready": False, "reason": "it answered 302"},
        ),
    ],
)
async def test_a_service_is_shown_as_it_answers(
    readiness: bytes, metrics: bytes, expected: dict[str, object]
) -> None:
    async with served({"/readyz": readiness, "/metrics": answer(metrics)}) as port:
        found = await state_of(port)
    instance = Instance(address=f"127.0.0.1:{port}", **expected)  # type: ignore[arg-type]
    assert found == WatchedService("svc", [instance])


async def test_each_address_of_a_host_is_asked() -> None:
    async with served({"": answer(b"")}) as port:
        found = await state_of(port, "localhost")
    assert f"127.0.0.1:{port}" in [one.address for one in found.instances]


async def test_a_host_without_address_is_named() -> None:
    found = await state_of(80, "away.invalid")
    assert found == WatchedService("svc", [], "there is no address of away.invalid")


async def get(port: int, path: str = "/readyz") -> Answer:
    async with new_client() as client:
        return await http_get(client, "127.0.0.1", port, "svc", path)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc",
        answer(b"", more="transfer-encoding: chunked\r\n"),
    ],
)
async def test_an_answer_that_is_not_complete_http_fails(sent: bytes) -> None:
    async with served({"": sent}) as port:
        with pytest.raises(HttpFailedError, match="the answer is not HTTP, or not complete"):
            await get(port)


async def test_the_service_is_named_in_the_request_whatever_the_address() -> None:
    heads: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer(b""))
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        await get(server.sockets[0].getsockname()[1])
    assert heads[0].startswith(b"GET /readyz HTTP/1.1\r\n")
    assert b"\r\nhost: svc\r\n" in heads[0].lower()


async def test_an_answer_may_be_large_but_not_larger() -> None:
    largest = b"x" * ANSWER_BYTES_MAX
    async with served({"/fits": answer(largest), "": answer(largest + b"x")}) as port:
        assert (await get(port, "/fits")).body == largest
        with pytest.raises(HttpFailedError, match="exceeds 1048576 bytes"):
            await get(port)


async def test_an_answer_is_awaited_for_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    release = asyncio.Event()

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with monkeypatch.context() as brief:
            brief.setattr("svc_polls.watch.http_get.ANSWER_SECONDS", 0.05)
            with pytest.raises(HttpFailedError, match=r"no answer within 0\.05 s"):
                await get(port)
        release.set()
    with pytest.raises(HttpFailedError, match="no connection"):
        await get(port)


def test_a_text_without_metrics_says_nothing() -> None:
    assert polls_in(b"polls_log_proved_timestamp_seconds much\n\xff", NOW_MS) == (None, False)


@pytest.mark.parametrize(
    "text",
    [
        "svc",
        "svc=",
        "=http://h:80",
        "svc=h:80",
        "svc=https://h:80",
        "svc=http://h",
        "svc=http://h:80/",
        "svc=http://h:80/readyz",
        "svc=http://user:secret@h:80",
        "svc=http://h:0",
        "svc=http://h:99999",
        "a b=http://h:80",
        "svc=http://h:80,",
        "svc=http://h:80,svc=http://i:80",
        ",".join(f"s{number}=http://h:80" for number in range(SERVICES_MAX + 1)),
    ],
)
def test_an_invalid_setting_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be|twice"):
        read_watched_services(text)


def test_a_setting_names_services() -> None:
    assert read_watched_services(" ") == ()
    most = ",".join(f"s{number}=http://h:80" for number in range(SERVICES_MAX))
    assert len(read_watched_services(most)) == SERVICES_MAX
    assert read_watched_services("a=http://svc-a:8001, b=http://[::1]:80") == (
        WatchedAddress("a", "svc-a", 8001),
        WatchedAddress("b", "::1", 80),
    )
