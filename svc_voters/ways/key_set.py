"""The public keys of the organisers' login (JWKS): fetched from its address, kept for a while."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpx
import jwt
import msgspec

_log = logging.getLogger(__name__)

ALGORITHMS: Final = ("RS256", "ES256", "EdDSA")
FETCH_SECONDS: Final = 5.0
KEY_SET_BYTES_MAX: Final = 65_536
KEYS_MAX: Final = 50
AGAIN_SECONDS: Final = 30.0
"""Between fetches for a key that we do not know."""
RETRY_SECONDS: Final = 5.0
"""After a fetch that failed, while there is no key at all."""
FRESH_SECONDS: Final = 600.0
"""Then the keys are fetched again, so that one that was withdrawn is no longer good."""

_HTTP_OK: Final = 200


class KeysUnavailableError(Exception):
    """The keys are not known, and cannot be fetched now; it quotes nothing."""


class KeySet:
    """The keys by their ids (`kid`); a fetch never blocks the event loop, and there is only one."""

    def __init__(
        self,
        fetch: Callable[[], Awaitable[bytes]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`fetch` returns the document, or raises `KeysUnavailableError`."""
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._tried_at = -AGAIN_SECONDS
        self._fetching: asyncio.Task[None] | None = None
        self._failure: str | None = None

    async def find(self, key_id: str | None) -> jwt.PyJWK | None:
        """Return a key; None if the login has none of this id. Raises `KeysUnavailableError`.

        A token need not name its key if there is only one.
        """
        since = self._clock() - self._tried_at
        if key_id in self._keys:
            if since >= FRESH_SECONDS:
                self._start()  # this answer need not wait for it
            return self._keys[key_id]
        if self._fetching is not None or since >= (AGAIN_SECONDS if self._keys else RETRY_SECONDS):
            await asyncio.shield(self._start())
        if self._failure is not None and key_id not in self._keys:
            raise KeysUnavailableError(self._failure)
        return self._keys.get(key_id)

    async def stop(self) -> None:
        """End a fetch in progress."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])

    def _start(self) -> asyncio.Task[None]:
        if self._fetching is None:
            self._tried_at = self._clock()
            self._fetching = asyncio.create_task(self._update())
        return self._fetching

    async def _update(self) -> None:
        try:
            self._keys = read_key_set(await self._fetch())
        except KeysUnavailableError as error:
            if self._failure is None:
                _log.warning("the keys of the login cannot be fetched: %s", error)
            self._failure = str(error)
        else:
            if self._failure is not None:
                _log.info("the keys of the login were fetched again")
            self._failure = None
        finally:
            self._fetching = None


def read_key_set(document: bytes) -> dict[str | None, jwt.PyJWK]:
    """Return the keys of a JWKS that can check our algorithms; raise `KeysUnavailableError`.

    Under None is the only key, if there is one only.
    """
    try:
        found = msgspec.json.decode(document, type=_Document).keys
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise KeysUnavailableError("the answer is not a JWKS") from error
    keys = [key for key in map(_usable, found[:KEYS_MAX]) if key is not None]
    if not keys:
        raise KeysUnavailableError(f"the JWKS has no key for {', '.join(ALGORITHMS)}")
    by_id: dict[str | None, jwt.PyJWK] = {key.key_id: key for key in keys if key.key_id}
    if len(keys) == 1:
        by_id[None] = keys[0]
    return by_id


class _Document(msgspec.Struct):
    keys: list[dict[str, Any]]


def _usable(data: dict[str, Any]) -> jwt.PyJWK | None:
    """Return a key of a JWKS; None for one of another kind, or for another use."""
    if data.get("use", "sig") != "sig" or data.get("kty") not in {"RSA", "EC", "OKP"}:
        return None
    if not isinstance(data.get("kid", ""), str):
        return None
    try:
        key = jwt.PyJWK(data)
    except jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError:
        return None  # this one is broken; the others need not be
    return key if key.algorithm_name in ALGORITHMS else None


async def fetch_key_set(client: httpx.AsyncClient, url: str) -> bytes:
    """Return the document at an address, within a time and a size; follow no redirect."""
    try:
        async with asyncio.timeout(FETCH_SECONDS), client.stream("GET", url) as answer:
            if answer.status_code != _HTTP_OK:
                raise KeysUnavailableError(f"the answer has status {answer.status_code}")
            body = bytearray()
            async for piece in answer.aiter_raw():
                body += piece
                if len(body) > KEY_SET_BYTES_MAX:
                    raise KeysUnavailableError(f"the answer exceeds {KEY_SET_BYTES_MAX} bytes")
            return bytes(body)
    except (TimeoutError, httpx.TimeoutException) as error:
        raise KeysUnavailableError(f"no answer within {FETCH_SECONDS:g} s") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise KeysUnavailableError("no connection, or an answer that is not HTTP") from error


def new_key_client() -> httpx.AsyncClient:
    """Return a client for `fetch_key_set`, which the caller closes. It keeps no connection."""
    return httpx.AsyncClient(
        headers={"accept": "application/json", "accept-encoding": "identity"},
        limits=httpx.Limits(max_keepalive_connections=0),
        timeout=FETCH_SECONDS,  # of each step; `fetch_key_set` bounds the whole
    )
