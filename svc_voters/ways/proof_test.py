import base64
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from svc_voters.testing.solving import solve
from svc_voters.ways.proof import (
    CHALLENGE_SECONDS,
    PROOF_MAX,
    Challenge,
    InvalidProofError,
    browser_secret,
    new_challenge,
)
from voting.service.clock_watch import now_ms

KEY = bytes(range(32))


def challenge() -> Challenge:
    return new_challenge(KEY, 50, now_ms())


def packed(**changes: Any) -> str:
    """Return a proof with these fields of its parts changed."""
    proof = msgspec.json.decode(base64.b64decode(solve(challenge())))
    for part in (proof["challenge"]["parameters"], proof["challenge"], proof["solution"]):
        part.update({name: value for name, value in changes.items() if name in part})
    return base64.b64encode(msgspec.json.encode(proof)).decode()


def test_work_gives_a_browser_its_secret_and_the_same_work_the_same_secret() -> None:
    first, second = solve(challenge()), solve(challenge())
    assert len(first) < PROOF_MAX
    assert browser_secret(KEY, first) == browser_secret(KEY, first)
    assert browser_secret(KEY, first) != browser_secret(KEY, second)


def test_the_work_is_at_most_what_was_asked_for() -> None:
    counters = [
        msgspec.json.decode(base64.b64decode(solve(new_challenge(KEY, 3, now_ms()))))["solution"][
            "counter"
        ]
        for _ in range(50)
    ]
    assert set(counters) == {0, 1, 2}  # all but once in 10^8 runs


def test_a_challenge_of_another_scope_proves_nothing() -> None:
    with pytest.raises(InvalidProofError, match="is not valid"):
        browser_secret(bytes(32), solve(challenge()))


def test_a_challenge_expires() -> None:
    lasts_ms = CHALLENGE_SECONDS * 1000
    browser_secret(KEY, solve(new_challenge(KEY, 1, now_ms() - lasts_ms + 60_000)))
    with pytest.raises(InvalidProofError, match="has expired"):
        browser_secret(KEY, solve(new_challenge(KEY, 1, now_ms() - lasts_ms - 1_000)))


@pytest.mark.parametrize(
    "changes",
    [
        {"expiresAt": 2**33},
        {"cost": 2},
        {"algorithm": "SHA-512"},
        {"algorithm": "SCRYPT"},
        {"keyPrefix": "00"},
        {"keyLength": 1},
        {"nonce": "00" * 16},
        {"salt": "00" * 16},
        {"signature": "00" * 32},
        {"counter": 4_000_000_000},
        {"derivedKey": "00" * 32},
    ],
)
def test_a_forged_proof_proves_nothing(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidProofError, match="is not valid"):
        browser_secret(KEY, packed(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"signature": None},
        {"signature": "é" * 64},
        {"nonce": "zz"},
        {"counter": -1},
        {"counter": 2**32},
        {"counter": True},
        {"derivedKey": 7},
        {"cost": "1"},
    ],
)
def test_what_is_no_proof_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidProofError, match="is not an answer"):
        browser_secret(KEY, packed(**changes))


@given(
    st.text(max_size=40) | st.binary(max_size=60).map(lambda raw: base64.b64encode(raw).decode())
)
def test_no_other_text_is_a_proof(text: str) -> None:
    with pytest.raises(InvalidProofError):
        browser_secret(KEY, text)


def test_deep_nesting_is_no_proof() -> None:
    with pytest.raises(InvalidProofError):
        browser_secret(KEY, base64.b64encode(b"[" * 100_000).decode())
