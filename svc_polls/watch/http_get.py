"""GET requests to single addresses, with a bound on everything: time, bytes, no redirects."""

import asyncio
import ssl
from typing import Final, NamedTuple

import httpx

from svc_polls.watched_services import with_port

ANSWER_SECONDS: Final = 2.0
ANSWER_BYTES_MAX: Final = 1 << 20


class HttpFailedError(Exception):
    """There was no answer that can be used; the text says why."""


class Answer(NamedTuple):
    """The status and the body of an answer."""

    status: int
    body: bytes


def new_client() -> httpx.AsyncClient:
    """Return a client for `http_get`, which the caller closes. It keeps no connection."""
    return httpx.AsyncClient(
        headers={"accept-encoding": "identity", "connection": "close"},
        limits=httpx.Limits(max_keepalive_connections=0),
        timeout=ANSWER_SECONDS,  # of each step; `http_get` bounds the whole
        trust_env=False,
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # for http only: loads no certificates
    )


async def http_get(
    client: httpx.AsyncClient, address: str, port: int, host: str, path: str
) -> Answer:
    """Return what this address answers; raise `HttpFailedError`. `host` is the Host header."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await _get(client, f"http://{with_port(address, port)}{path}", host)
    except (TimeoutError, httpx.TimeoutException) as error:
        raise HttpFailedError(f"no answer within {ANSWER_SECONDS:g} s") from error
    except httpx.RemoteProtocolError as error:
        raise HttpFailedError("the answer is not HTTP, or not complete") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise HttpFailedError("no connection") from error


async def _get(client: httpx.AsyncClient, url: str, host: str) -> Answer:
    async with client.stream("GET", url, headers={"host": host}) as answer:
        body = bytearray()
        async for piece in answer.aiter_raw():
            body += piece
            if len(body) > ANSWER_BYTES_MAX:
                raise HttpFailedError(f"the answer exceeds {ANSWER_BYTES_MAX} bytes")
        return Answer(answer.status_code, bytes(body))
