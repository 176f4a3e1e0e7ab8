import pytest

from svc_results.result.cursor import cursor_after, decode_cursor, encode_cursor
from svc_results.testing.fakes import fake_vote
from voting.domain.vote import CAST_AT_MAX_MS

CURSOR = (1_764_000_000_000, "019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071")


def test_a_cursor_survives_a_url() -> None:
    text = encode_cursor(CURSOR)
    assert text.isascii()
    assert not set(text) & set("+/=&?#% ")
    assert decode_cursor(text) == CURSOR


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "!!!!",
        "é",
        encode_cursor(CURSOR)[:-4],
        encode_cursor((-1, CURSOR[1])),
        encode_cursor((CAST_AT_MAX_MS + 1, CURSOR[1])),
        encode_cursor((0, "' or 1=1")),
        "9" * 10_000,
    ],
)
def test_anything_else_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        decode_cursor(text)


def test_only_a_full_page_has_a_next_page() -> None:
    votes = [fake_vote(2), fake_vote(1)]
    assert cursor_after(votes, limit=2) == encode_cursor(votes[-1].cursor)
    assert cursor_after(votes, limit=3) is None
    assert cursor_after([], limit=1) is None
