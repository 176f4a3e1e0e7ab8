import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voting.voters.token import (
    NONCE_BYTES,
    TOKEN_LENGTH,
    InvalidTokenError,
    fingerprint,
    make_token,
    nonce_of,
    read_token,
)

KEY = bytes(range(32))
NONCE = bytes(range(12))
TOKEN = make_token(KEY, "awards", NONCE, key_number=3, class_number=2)


def test_a_token_is_read_as_it_was_made() -> None:
    token = read_token(TOKEN)
    assert len(TOKEN) == TOKEN_LENGTH
    assert (token.key_number, token.class_number, token.nonce) == (3, 2, NONCE)
    assert token.scope == fingerprint("awards")
    assert token.is_genuine(KEY)
    assert not token.is_genuine(bytes(32))


@given(position=st.integers(0, 38), bit=st.integers(0, 7))
def test_a_token_with_any_bit_changed_is_not_genuine(position: int, bit: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(TOKEN))
    raw[position] ^= 1 << bit
    text = base64.urlsafe_b64encode(raw).decode()
    if position == 0:
        with pytest.raises(InvalidTokenError):
            read_token(text)
    else:
        assert not read_token(text).is_genuine(KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        TOKEN[:-1],
        TOKEN + "A",
        TOKEN[:-1] + "=",
        TOKEN[:-1] + " ",
        TOKEN[:-1] + "é",
        "+" + TOKEN[1:],
        TOKEN[:-1] + "/",
        "A" * TOKEN_LENGTH,
    ],
)
def test_anything_else_is_no_token(text: str) -> None:
    with pytest.raises(InvalidTokenError):
        read_token(text)


@given(st.text(max_size=60))
def test_no_text_has_another_reading(text: str) -> None:
    try:
        token = read_token(text)
    except InvalidTokenError:
        return
    assert base64.urlsafe_b64encode(token.signed + token.tag).decode() == text


def test_an_identity_always_has_the_same_nonce() -> None:
    nonce = nonce_of(KEY, "subject-1")
    assert len(nonce) == NONCE_BYTES
    assert nonce == nonce_of(KEY, "subject-1")
    assert nonce not in {nonce_of(KEY, "subject-2"), nonce_of(bytes(32), "subject-1")}


def test_a_nonce_of_another_length_makes_no_token() -> None:
    with pytest.raises(ValueError, match="12 bytes"):
        make_token(KEY, "awards", b"short", key_number=1)
