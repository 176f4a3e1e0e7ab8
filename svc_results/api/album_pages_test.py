import pytest
from hypothesis import given
from hypothesis import strategies as st

from svc_results.api.album_pages import (
    POSITION_CHARACTERS_MAX,
    album_page,
    decode_position,
    encode_position,
)
from svc_results.result.ranking import Position, Ranking, Standing
from voting.domain.tally import album_key

LONG = "\U0001d11e" * 200
RANKING = Ranking(
    {}, [Standing(9 - n // 2, 50, album_key("Björk", f"Album {n}", 1993)) for n in range(7)], 7
)


def titles(limit: int, after: Position | None = None) -> tuple[list[str], Position | None]:
    page = album_page(RANKING, limit, after)
    titles = [album.album for album in page.albums]
    return titles, None if page.next is None else decode_position(page.next)


def test_pages_follow_each_other_in_order() -> None:
    first, after = titles(3)
    second, then = titles(3, after)
    third, end = titles(3, then)
    assert first + second + third == [f"Album {n}" for n in range(7)]
    assert end is None


def test_a_full_page_can_be_the_last() -> None:
    assert titles(7)[1] is None
    assert titles(200, (0, b"")) == ([], None)
    assert album_page(Ranking(), 10, None).albums == []


def test_a_position_stays_valid_after_its_album_moved() -> None:
    _, after = titles(3)
    moved = Ranking({}, [Standing(99, 99, RANKING.standings[2].key), *RANKING.standings[:2]], 3)
    assert album_page(moved, 5, after).albums == []
    assert titles(2, (-8, b""))[0] == ["Album 2", "Album 3"]


def test_a_position_survives_a_url() -> None:
    position = (-(10**15), album_key(LONG, LONG, 2100))
    text = encode_position(position)
    assert text.isascii()
    assert not set(text) & set("+/=&?#% ")
    assert len(text) <= POSITION_CHARACTERS_MAX
    assert decode_position(text) == position


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "é",
        encode_position((-1, b"no album")),
        encode_position((1, album_key("a", "b", 2000))),
        encode_position((-(10**16), album_key("a", "b", 2000))),
        encode_position((-1, b"\xff\x1fb\x1f2000")),
        encode_position((-1, b"a\x1fb\x1f")),
        "MTox" * 2000,
    ],
)
def test_anything_else_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        decode_position(text)


POSITIONS = st.tuples(st.integers(), st.binary()).map(encode_position)


@given(st.text() | POSITIONS)
def test_any_text_gives_a_page_or_a_value_error(text: str) -> None:
    try:
        position = decode_position(text)
    except ValueError:
        return
    assert len(album_page(RANKING, 3, position).albums) <= 3
