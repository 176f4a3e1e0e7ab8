"""The leading albums in order of votes, and the totals."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from voting.domain.tally import Tally, album_key
from voting.domain.vote import Route

# How many albums are kept in order: the default limit on albums. Any beyond that count, too, and
# are shown once they have enough votes.
RANKING_MAX: Final = 10_000


class Standing(NamedTuple):
    """An album's votes and sum of ranks; `key` is its `album_key`."""

    votes: int
    rank_sum: int
    key: bytes


type Position = tuple[int, bytes]  # sorts as the ranking does: by votes, most first, then by key


class Ranking(msgspec.Struct, frozen=True):
    """The first `RANKING_MAX` albums, most votes first, and the votes of each route.

    `album_count` is the number of all albums. Far beyond `RANKING_MAX` it may be slightly too
    high, as albums that are not kept may be counted twice.
    """

    routes: Mapping[Route, int] = {}
    standings: Sequence[Standing] = ()
    album_count: int = 0

    @property
    def votes(self) -> int:
        """The number of votes counted."""
        return sum(self.routes.values())


def position_of(standing: Standing) -> Position:
    """Return the album's position in the ranking."""
    return -standing.votes, standing.key


def ranking_of(tally: Tally) -> Ranking:
    """Return the ranking of a whole tally."""
    standings = (
        Standing(album.votes, album.rank_sum, album_key(album.name, album.album, album.year))
        for album in tally.albums.values()
    )
    return Ranking(
        tally.routes, sorted(standings, key=position_of)[:RANKING_MAX], len(tally.albums)
    )


class Leaders:
    """Picks the first `limit` of any number of albums while holding only a few more."""

    def __init__(self, limit: int) -> None:
        self.seen = 0
        self._limit = limit
        self._room = limit + max(limit // 4, 100)
        self._votes: dict[bytes, int] = {}
        self._bar = 0  # votes of the last album kept when the rest were last dropped

    def add(self, albums: Mapping[bytes, int]) -> None:
        """Add votes by `album_key`; if an album comes twice, the later count replaces the first."""
        self.seen += len(albums.keys() - self._votes.keys())
        self._votes.update((key, votes) for key, votes in albums.items() if votes >= self._bar)
        if len(self._votes) > self._room:
            self._votes = dict(self._first())
            self._bar = min(self._votes.values())

    def keys(self) -> list[bytes]:
        """Return the first albums in order."""
        return [key for key, _ in self._first()]

    def _first(self) -> list[tuple[bytes, int]]:
        in_order = sorted(self._votes.items(), key=lambda item: (-item[1], item[0]))
        return in_order[: self._limit]
