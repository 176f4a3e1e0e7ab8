import asyncio
import json
import logging

import pytest

from harness.processes.waiting import until
from svc_voters.testing.login import Login, serve_keys
from svc_voters.ways import key_set as module
from svc_voters.ways.key_set import (
    AGAIN_SECONDS,
    FRESH_SECONDS,
    KEY_SET_BYTES_MAX,
    KEYS_MAX,
    RETRY_SECONDS,
    KeySet,
    KeysUnavailableError,
    fetch_key_set,
    new_key_client,
    read_key_set,
)


class FakeLogin:
    """Answers with its document, or fails; also the clock."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.login = Login()
        self.away = False
        self.fetches = 0
        self.keys = KeySet(self.fetch, lambda: self.now)

    async def fetch(self) -> bytes:
        self.fetches += 1
        await asyncio.sleep(0)
        if self.away:
            raise KeysUnavailableError("away")
        return self.login.key_set


async def test_keys_are_fetched_once_for_all_who_wait() -> None:
    fake = FakeLogin()
    found = await asyncio.gather(*(fake.keys.find("ES256") for _ in range(100)))
    assert all(key is not None and key.key_id == "ES256" for key in found)
    assert await fake.keys.find("ES256") is not None
    assert fake.fetches == 1


async def test_an_only_key_need_not_be_named() -> None:
    fake = FakeLogin()
    assert await fake.keys.find(None) is not None
    fake.login = Login("ES256", "EdDSA")
    fake.now += AGAIN_SECONDS
    await fake.keys.find("EdDSA")
    assert await fake.keys.find(None) is None


async def test_an_unknown_key_makes_us_fetch_again_but_not_often() -> None:
    fake = FakeLogin()
    for _ in range(100):
        assert await fake.keys.find("EdDSA") is None
    assert fake.fetches == 1
    fake.login = Login("ES256", "EdDSA")
    fake.now += AGAIN_SECONDS - 1
    assert await fake.keys.find("EdDSA") is None
    fake.now += 1
    assert await fake.keys.find("EdDSA") is not None
    assert fake.fetches == 2


async def test_known_keys_are_fetched_again_after_a_while_without_waiting() -> None:
    fake = FakeLogin()
    await fake.keys.find("ES256")
    fake.login = Login("EdDSA")
    fake.now += FRESH_SECONDS
    assert await fake.keys.find("ES256") is not None
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await fake.keys.find("ES256") is None
    assert fake.fetches == 2


async def test_without_the_login_known_keys_stay_good(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    fake = FakeLogin()
    await fake.keys.find("ES256")
    fake.away = True
    fake.now += FRESH_SECONDS
    with pytest.raises(KeysUnavailableError):
        await fake.keys.find("EdDSA")
    assert await fake.keys.find("ES256") is not None
    fake.away = False
    fake.now += AGAIN_SECONDS
    assert await fake.keys.find("EdDSA") is None
    assert [record.message for record in caplog.records] == [
        "the keys of the login cannot be fetched: away",
        "the keys of the login were fetched again",
    ]


async def test_while_there_is_no_key_fetches_are_seldom_too() -> None:
    fake = FakeLogin()
    fake.away = True
    for _ in range(100):
        with pytest.raises(KeysUnavailableError, match="away"):
            await fake.keys.find("ES256")
    assert fake.fetches == 1
    fake.away = False
    fake.now += RETRY_SECONDS
    assert await fake.keys.find("ES256") is not None


async def test_who_stops_waiting_does_not_end_the_fetch() -> None:
    fake = FakeLogin()
    waiting = asyncio.create_task(fake.keys.find("ES256"))
    await asyncio.sleep(0)
    waiting.cancel()
    assert await fake.keys.find("ES256") is not None
    assert fake.fetches == 1
    await fake.keys.stop()


@pytest.mark.parametrize(
    "document",
    [b"", b"[]", b"{}", b'{"keys": 1}', b'{"keys": []}', b'{"keys": [1]}', b"\xff", b"[" * 60_000],
)
def test_what_is_no_key_set_gives_no_keys(document: bytes) -> None:
    with pytest.raises(KeysUnavailableError):
        read_key_set(document)


def test_keys_of_other_kinds_and_broken_ones_are_left_out() -> None:
    [good] = json.loads(Login().key_set)["keys"]
    others = [
        {"kty": "oct", "k": "AAAA", "kid": "secret", "alg": "HS256"},
        {**good, "kid": "for-encryption", "use": "enc"},
        {**good, "kid": 7},
        {**good, "kid": "broken", "x": "AA"},
        {**good, "kid": "no-x", "x": None},
        {**good, "kid": "odd", "alg": "ES512"},
        {"kty": "RSA", "kid": "no-number"},
        {"kty": ["EC"], "kid": "list"} | {"kty": "EC", "crv": []},
    ]
    found = read_key_set(json.dumps({"keys": [*others, good]}).encode())
    assert set(found) == {"ES256", None}


def test_of_many_keys_only_the_first_are_read() -> None:
    [good] = json.loads(Login().key_set)["keys"]
    keys = [{**good, "kid": f"{number}"} for number in range(KEYS_MAX + 1)]
    found = read_key_set(json.dumps({"keys": keys}).encode())
    assert set(found) == {f"{number}" for number in range(KEYS_MAX)}


async def fetched(url: str) -> bytes:
    async with new_key_client() as client:
        return await fetch_key_set(client, url)


async def test_a_document_of_the_greatest_size_is_read_and_a_larger_one_is_not() -> None:
    with serve_keys(b"x" * KEY_SET_BYTES_MAX) as server:
        assert len(await fetched(server.url)) == KEY_SET_BYTES_MAX
        server.document += b"x"
        with pytest.raises(KeysUnavailableError, match="exceeds"):
            await fetched(server.url)
        server.document = b"x" * 50_000_000
        with pytest.raises(KeysUnavailableError, match="exceeds"):
            await fetched(server.url)


async def test_no_redirect_is_followed() -> None:
    with serve_keys(b"{}") as server:
        server.location = server.url
        with pytest.raises(KeysUnavailableError, match="status 302"):
            await fetched(server.url)
        assert server.requests == 1


async def test_a_login_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FETCH_SECONDS", 0.2)
    with serve_keys(b"{}") as server:
        server.hangs = True
        with pytest.raises(KeysUnavailableError, match="no answer"):
            await fetched(server.url)


async def test_a_login_that_hangs_blocks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FETCH_SECONDS", 600.0)
    with serve_keys(b"{}") as server:
        server.hangs = True
        fetching = asyncio.create_task(fetched(server.url))
        await until(lambda: server.requests == 1)
        assert not fetching.done()
        fetching.cancel()
        await asyncio.wait([fetching])


async def test_an_address_without_a_server_is_an_error() -> None:
    with pytest.raises(KeysUnavailableError, match="no connection"):
        await fetched("http://127.0.0.1:1/jwks")
