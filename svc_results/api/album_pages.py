"""Pages of the ranking, beyond the first albums that every snapshot contains."""

from base64 import b64encode, urlsafe_b64decode
from bisect import bisect_right
from typing import Final

import msgspec

from svc_results.result.newest_votes import NextPage
from svc_results.result.ranking import Position, Ranking, position_of
from svc_results.result.snapshot import AlbumResult, album_results
from voting.domain.bounded_number import read_number
from voting.domain.tally import album_of_key
from voting.domain.vote import TEXT_MAX

# More votes than there will ever be.
_VOTES_MAX: Final = 10**15
_KEY_BYTES_MAX: Final = 2 * 4 * TEXT_MAX + 6  # two texts of four bytes a character, and the year
# Longer than any cursor of ours; a longer text is not decoded.
POSITION_CHARACTERS_MAX: Final = 4 * (_KEY_BYTES_MAX + 20) // 3


class AlbumPage(msgspec.Struct, frozen=True):
    """A page of the ranked albums."""

    albums: list[AlbumResult]
    next: NextPage


def album_page(ranking: Ranking, limit: int, after: Position | None) -> AlbumPage:
    """Return the page of at most `limit` albums that begins after the position `after`.

    An album that moves between two requests may be on both pages or neither; each page is in order.
    """
    standings = ranking.standings
    begin = 0 if after is None else bisect_right(standings, after, key=position_of)
    page = standings[begin : begin + limit]
    more = begin + limit < len(standings)
    return AlbumPage(album_results(page), encode_position(position_of(page[-1])) if more else None)


def encode_position(position: Position) -> str:
    """Return the position as text for a URL."""
    votes, key = -position[0], position[1]
    return b64encode(b"%d:%b" % (votes, key), altchars=b"-_").decode().rstrip("=")


def decode_position(text: str) -> Position:
    """Return the position in `text`; raise `ValueError` if it holds none."""
    if len(text) > POSITION_CHARACTERS_MAX:
        raise ValueError("too long for a cursor")
    votes, _, key = urlsafe_b64decode(text + "=" * (-len(text) % 4)).partition(b":")
    album_of_key(key)
    return -read_number(votes.decode(), 0, _VOTES_MAX), key
