from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voting.domain.short_id import read_short_id, short_id

ID = "019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071"
SHORT = short_id(ID)


@given(st.integers(0, 2**128 - 1))
def test_each_id_has_one_short_form(number: int) -> None:
    vote_id = str(UUID(int=number))
    short = short_id(vote_id)
    assert [len(group) for group in short.split("-")] == [5, 5, 5, 5, 6]
    assert read_short_id(short) == vote_id


@pytest.mark.parametrize(
    "typed",
    [
        SHORT.lower(),
        SHORT.replace("-", ""),
        SHORT.replace("-", " — "),
        SHORT.replace("0", "o").replace("1", "l"),
    ],
)
def test_it_may_be_typed_in_many_ways(typed: str) -> None:
    assert read_short_id(typed) == ID


@pytest.mark.parametrize(
    "text", ["", ID, SHORT[:-1], SHORT + "0", "U" + SHORT[1:], "8" + SHORT[1:]]
)
def test_anything_else_is_none(text: str) -> None:
    assert read_short_id(text) is None
