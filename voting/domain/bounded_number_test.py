import pytest
from hypothesis import given
from hypothesis import strategies as st

from voting.domain.bounded_number import read_number


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("200", 200), ("007", 7)])
def test_a_number_within_the_bounds_is_read(text: str, number: int) -> None:
    assert read_number(text, 1, 200) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "201",
        "-1",
        "+1",
        " 1",
        "1_0",
        "1.5",
        "²",
        "٣",
        "00000000199999999",  # bounding the number alone would not catch this
        "0" * 4000 + "1",
        "9" * 5000,  # more digits than Python parses
    ],
)
def test_anything_else_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="not"):
        read_number(text, 1, 200)


@given(st.text(), st.integers(0, 10**6), st.integers(0, 10**6))
def test_no_text_gives_a_number_out_of_bounds(text: str, one: int, other: int) -> None:
    low, high = sorted((one, other))
    try:
        number = read_number(text, low, high)
    except ValueError:
        return
    assert low <= number <= high
