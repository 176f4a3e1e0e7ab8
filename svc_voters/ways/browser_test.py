import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svc_voters.ways.browser import (
    SECRET_BYTES,
    cookie_name,
    cookie_value,
    known_secret,
    new_secret,
    set_cookie,
)
from voting.voters.rules import VoterRules

KEY = bytes(range(32))
SECRET = bytes(range(SECRET_BYTES))
COOKIE = cookie_value(KEY, SECRET)


def test_a_cookie_gives_its_secret_back() -> None:
    assert known_secret(KEY, [COOKIE]) == SECRET
    assert new_secret() != new_secret()


@given(position=st.integers(0, 31), bit=st.integers(0, 7))
def test_a_cookie_with_any_bit_changed_is_forged(position: int, bit: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(COOKIE + "="))
    raw[position] ^= 1 << bit
    forged = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    assert known_secret(KEY, [forged]) is None
    assert known_secret(KEY, [forged, COOKIE]) == SECRET


@pytest.mark.parametrize(
    "value",
    ["", COOKIE[:-1], COOKIE + "=", COOKIE[:-1] + "é", " " + COOKIE[1:], "A" * 43, "A" * 10_000],
)
def test_anything_else_is_no_cookie(value: str) -> None:
    assert known_secret(KEY, [value]) is None


@given(st.text(max_size=60) | st.text("AZaz09-_", min_size=43, max_size=43))
def test_no_other_text_is_a_cookie(value: str) -> None:
    assert known_secret(KEY, [value]) is None


def test_a_cookie_of_another_scope_or_key_is_not_known() -> None:
    assert known_secret(bytes(32), [COOKIE]) is None


def test_a_cookie_is_for_svc_voters_only() -> None:
    rules = VoterRules(scope="awards-2026", key=7)
    assert cookie_name(rules) == "voter_7_awards-2026"
    header = set_cookie(rules, COOKIE, secure=True)
    assert header.split("; ") == [
        f"voter_7_awards-2026={COOKIE}",
        "Path=/voters",
        "Max-Age=34560000",
        "HttpOnly",
        "SameSite=Strict",
        "Secure",
    ]
    assert "Secure" not in set_cookie(rules, COOKIE, secure=False)
