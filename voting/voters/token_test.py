import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voting.voters.rules import BATCH_MAX
from voting.voters.token import (
    TOKEN_LENGTH,
    InvalidTokenError,
    OtherScopeError,
    TokenReader,
    make_token,
    new_nonce,
)

KEY = bytes(range(32))
NONCE = bytes(range(12))
TOKEN = make_token(KEY, "awards", NONCE, key_number=3)
READER = TokenReader(KEY, "awards", 3)


def test_a_token_is_read_as_it_was_made() -> None:
    assert len(TOKEN) == TOKEN_LENGTH
    assert READER.read(TOKEN) == (0, NONCE)


@pytest.mark.parametrize(
    ("reader", "error"),
    [
        (TokenReader(bytes(32), "awards", 3), InvalidTokenError),
        (TokenReader(KEY, "awards", 4), OtherScopeError),
        (TokenReader(KEY, "other", 3), OtherScopeError),
    ],
)
def test_a_token_admits_nowhere_else(reader: TokenReader, error: type[Exception]) -> None:
    with pytest.raises(error):
        reader.read(TOKEN)


def test_a_token_says_its_class_and_admits_where_that_is_admitted() -> None:
    jury = make_token(KEY, "awards", NONCE, key_number=3, class_number=15)
    assert TokenReader(KEY, "awards", 3, [0, 15]).read(jury) == (15, NONCE)
    with pytest.raises(OtherScopeError):
        READER.read(jury)


def test_a_forged_token_of_a_class_that_is_not_admitted_is_forged_first_of_all() -> None:
    forged = make_token(bytes(32), "awards", NONCE, key_number=3, class_number=1)
    with pytest.raises(InvalidTokenError):
        READER.read(forged)


def test_a_new_nonce_begins_with_its_batch() -> None:
    assert new_nonce()[:2] == b"\0\0"
    assert new_nonce(0x1234)[:2] == b"\x12\x34"
    assert len({new_nonce(7) for _ in range(100)}) == 100
    with pytest.raises(OverflowError):
        new_nonce(BATCH_MAX + 1)


@given(cut=st.integers(1, 38))
def test_the_parts_of_two_tokens_make_no_third_one(cut: int) -> None:
    other = make_token(KEY, "awards", bytes(12), key_number=3)
    raw, other_raw = (base64.urlsafe_b64decode(token) for token in (TOKEN, other))
    swapped = raw[:cut] + other_raw[cut:]
    if swapped in {raw, other_raw}:  # their heads are the same
        return
    with pytest.raises(InvalidTokenError):
        READER.read(base64.urlsafe_b64encode(swapped).decode())


@given(position=st.integers(0, 38), bit=st.integers(0, 7))
def test_a_token_with_any_bit_changed_is_not_genuine(position: int, bit: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(TOKEN))
    raw[position] ^= 1 << bit
    text = base64.urlsafe_b64encode(raw).decode()
    with pytest.raises((InvalidTokenError, OtherScopeError)):
        READER.read(text)


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
        READER.read(text)


@given(st.text(max_size=60) | st.text("AQEB-_+/=", min_size=52, max_size=52))
def test_no_other_text_is_a_token(text: str) -> None:
    with pytest.raises((InvalidTokenError, OtherScopeError)):
        READER.read(text)


def test_a_nonce_of_another_length_makes_no_token() -> None:
    with pytest.raises(ValueError, match="12 bytes"):
        make_token(KEY, "awards", b"short", key_number=1)
