"""One HTTP request to one address, with a bound on everything: time, bytes, no redirects."""

import asyncio
from typing import Final, NamedTuple

ANSWER_SECONDS: Final = 2.0
ANSWER_BYTES_MAX: Final = 1 << 20


class HttpFailedError(Exception):
    """There was no answer that can be used; the text says why."""


class Answer(NamedTuple):
    """The status and the body of an answer."""

    status: int
    body: bytes


async def http_get(address: str, port: int, host: str, path: str) -> Answer:
    """Return what this address answers; raise `HttpFailedError`. `host` is the Host header."""
    request = f"GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            answer = await _exchange(address, port, request.encode())
    except TimeoutError as error:
        raise HttpFailedError(f"no answer within {ANSWER_SECONDS:g} s") from error
    except OSError as error:
        raise HttpFailedError(error.strerror or "no connection") from error
    return _parse(answer)


async def _exchange(address: str, port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(request)
        answer = bytearray()
        while piece := await reader.read(65_536):
            answer += piece
            if len(answer) > ANSWER_BYTES_MAX:
                raise HttpFailedError(f"the answer exceeds {ANSWER_BYTES_MAX} bytes")
        return bytes(answer)
    finally:
        writer.transport.abort()


def _parse(answer: bytes) -> Answer:
    head, found, body = answer.partition(b"\r\n\r\n")
    line, *headers = head.split(b"\r\n")
    version, _, status = line.partition(b" ")
    code = status[:3]
    if not found or version != b"HTTP/1.1" or len(code) != 3 or not code.isdigit():
        raise HttpFailedError("the answer is not HTTP")
    fields = dict(header.lower().split(b":", 1) for header in headers if b":" in header)
    length = fields.get(b"content-length", b"").strip()
    if b"transfer-encoding" in fields or length != str(len(body)).encode():
        raise HttpFailedError("the answer is not complete")
    return Answer(int(code), body)
