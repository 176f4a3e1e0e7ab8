from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voting.domain.vote import VOTER_CLASS_MAX
from voting.voters.codes import (
    CODE_BATCH_MAX,
    SERIAL_MAX,
    Code,
    InvalidCodeError,
    make_code,
    read_code,
)

KEY = bytes(range(32))
DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
codes = st.builds(
    Code,
    st.integers(0, VOTER_CLASS_MAX),
    st.integers(1, CODE_BATCH_MAX),
    st.integers(1, SERIAL_MAX),
)


def made(code: Code, key: bytes = KEY) -> str:
    return make_code(key, **code._asdict())


@pytest.mark.parametrize("code", [Code(0, 1, 1), Code(VOTER_CLASS_MAX, CODE_BATCH_MAX, SERIAL_MAX)])
def test_the_first_and_the_last_code_are_read_as_they_were_made(code: Code) -> None:
    assert read_code(KEY, made(code)) == code


@given(codes)
def test_a_code_is_four_groups_of_characters_that_look_like_no_other(code: Code) -> None:
    groups = made(code).split("-")
    assert [len(group) for group in groups] == [4, 4, 4, 4]
    assert set("".join(groups)) <= set(DIGITS)
    assert read_code(KEY, made(code)) == code


@given(codes, st.data())
def test_a_code_may_be_typed_as_people_type(code: Code, data: st.DataObject) -> None:
    looks_like = {"0": "0Oo", "1": "1IiLl", "-": "- \u2013\u2014_\t\n"}
    choices = (looks_like.get(one, one + one.lower()) for one in made(code))
    typed = "".join(data.draw(st.sampled_from(choice)) for choice in choices)
    assert read_code(KEY, typed) == code
    assert read_code(KEY, f" {typed.replace('-', '')}\n") == code


@given(codes, st.integers(0, 15), st.sampled_from(DIGITS))
def test_a_code_with_one_other_character_is_none(code: Code, position: int, digit: str) -> None:
    text = made(code).replace("-", "")
    changed = text[:position] + digit + text[position + 1 :]
    if changed == text:
        return
    with pytest.raises(InvalidCodeError):
        read_code(KEY, changed)


def test_a_code_is_for_one_key() -> None:
    code = Code(0, 7, 42)
    assert made(code) != made(code, bytes(32))
    with pytest.raises(InvalidCodeError):
        read_code(bytes(32), made(code))


def test_no_two_voters_have_the_same_code() -> None:
    some = [Code(c, b, s) for c in (0, 1, 15) for b in (1, 2, 1023) for s in range(1, 200)]
    assert len({made(code) for code in some}) == len(some)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "----",
        made(Code(0, 1, 1))[:-1],
        made(Code(0, 1, 1)) + "0",
        "U" + made(Code(0, 1, 1))[1:],
        "\u0660" + made(Code(0, 1, 1))[1:],  # a digit, but no ASCII
        "\u017f" + made(Code(0, 1, 1))[1:],  # S in upper case
        made(Code(0, 1, 1)) + " " * 46,
    ],
)
def test_anything_else_is_no_code(text: str) -> None:
    with pytest.raises(InvalidCodeError):
        read_code(KEY, text)


@given(st.text(max_size=70) | st.text(DIGITS, min_size=16, max_size=16))
def test_no_other_text_is_a_code(text: str) -> None:
    with pytest.raises(InvalidCodeError):
        read_code(KEY, text)


@pytest.mark.parametrize(("batch", "serial"), [(0, 1), (1, 0)])
def test_a_genuine_tag_does_not_make_batch_0_or_serial_0_a_code(batch: int, serial: int) -> None:
    head = (batch << 20 | serial).to_bytes(5)
    tag = int.from_bytes(blake2b(head, digest_size=6, key=KEY, person=b"voting.code").digest()) >> 2
    number = batch << 66 | serial << 46 | tag
    text = "".join(DIGITS[number >> 5 * place & 31] for place in reversed(range(16)))
    with pytest.raises(InvalidCodeError):
        read_code(KEY, text)


@pytest.mark.parametrize(
    "code",
    [
        Code(-1, 1, 1),
        Code(VOTER_CLASS_MAX + 1, 1, 1),
        Code(0, 0, 1),
        Code(0, CODE_BATCH_MAX + 1, 1),
        Code(0, 1, 0),
        Code(0, 1, SERIAL_MAX + 1),
    ],
)
def test_a_code_outside_the_bounds_cannot_be_made(code: Code) -> None:
    with pytest.raises(ValueError, match="no code has"):
        made(code)
