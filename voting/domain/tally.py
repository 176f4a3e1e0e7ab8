"""The tally: votes and rank sums per album, votes per route, and each partition's position.

No I/O here; `voting.stores.tally_fields` has the names of the counters in Redis.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from voting.domain.vote import Route, Vote

type Album = tuple[str, str, int]  # name, album, year

# U+001F, the unit separator: a control character, so no name and no album contains it.
UNIT_SEPARATOR: Final = "\x1f"


class AlbumTally(msgspec.Struct, frozen=True):
    """The votes for an album; `rank_sum` is the sum of their ranks, each 1 to 100."""

    name: str
    album: str
    year: int
    votes: int
    rank_sum: int

    @property
    def average_rank(self) -> float:
        """The mean rank, 1 to 100; 0 without votes."""
        return self.rank_sum / self.votes if self.votes else 0.0


class Tally(msgspec.Struct):
    """The counts of a set of votes, and the position in each partition that they reach to.

    A position is `offset:key` of the last record counted.
    """

    albums: dict[Album, AlbumTally] = {}
    routes: dict[Route, int] = {}
    positions: dict[int, str] = {}

    @property
    def votes(self) -> int:
        """The number of votes counted."""
        return sum(self.routes.values())


def tally_of(votes: Iterable[Vote]) -> Tally:
    """Return the tally of these votes, without positions; ids are not deduplicated."""
    ranks: dict[Album, list[int]] = {}
    routes: dict[Route, int] = {}
    for vote in votes:
        album = (vote.name, vote.album, vote.year)
        if album in ranks:
            ranks[album].append(vote.rank)
        else:
            ranks[album] = [vote.rank]
        routes[vote.route] = routes.get(vote.route, 0) + 1
    return Tally({a: AlbumTally(*a, len(r), sum(r)) for a, r in ranks.items()}, routes)


def add_tally(tally: Tally, other: Tally) -> None:
    """Add the counts of another tally to this one; positions are left as they are."""
    for key, album in other.albums.items():
        votes, rank_sum = album.votes, album.rank_sum
        if (so_far := tally.albums.get(key)) is not None:
            votes, rank_sum = votes + so_far.votes, rank_sum + so_far.rank_sum
        tally.albums[key] = AlbumTally(*key, votes, rank_sum)
    for route, count in other.routes.items():
        tally.routes[route] = tally.routes.get(route, 0) + count


def album_key(name: str, album: str, year: int) -> bytes:
    """Return the bytes that identify an album.

    Keys sort like the albums by name, title and year: a year has four digits, and the separator
    sorts before every character that a name or title may have.
    """
    return f"{name}{UNIT_SEPARATOR}{album}{UNIT_SEPARATOR}{year}".encode()


def album_of_key(key: bytes) -> Album:
    """Return the album of an `album_key`; raise `ValueError` if it is not one."""
    name, album, year = key.decode().split(UNIT_SEPARATOR)
    return name, album, int(year)
