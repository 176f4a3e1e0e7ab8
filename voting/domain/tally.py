"""The tally: votes and rank sums per album, votes per route, and how far each partition got."""

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

import msgspec

from voting.domain.vote import Route

type Album = tuple[str, str, int]  # name, album, year

_SEPARATOR: Final = "\x1f"  # a control character, so no name and no album contains it
_VOTES, _RANK_SUM, _ROUTE, _POSITION = "v:", "s:", "r:", "@"


class AlbumTally(msgspec.Struct, frozen=True):
    """What was voted on one album; `rank_sum` is the sum of its ranks, each 1 to 100."""

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
    """Counts of a set of votes, and the position of each partition that they reach to.

    A position is "offset:key" of the last record counted.
    """

    albums: dict[Album, AlbumTally] = {}
    routes: dict[Route, int] = {}
    positions: dict[int, str] = {}

    @property
    def votes(self) -> int:
        """How many votes were counted."""
        return sum(self.routes.values())


class Countable(Protocol):
    """What of a vote counts."""

    @property
    def name(self) -> str:
        """The artist."""
        ...

    @property
    def album(self) -> str:
        """The title."""
        ...

    @property
    def year(self) -> int:
        """The year of release."""
        ...

    @property
    def rank(self) -> int:
        """The rating."""
        ...

    @property
    def route(self) -> Route:
        """The way into the system."""
        ...


def tally_of(votes: Iterable[Countable]) -> Tally:
    """Return the tally of these votes, without positions; each vote counts as often as given."""
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
    """Add the counts of another tally to this one, whose positions stay."""
    for key, album in other.albums.items():
        votes, rank_sum = album.votes, album.rank_sum
        if (so_far := tally.albums.get(key)) is not None:
            votes, rank_sum = votes + so_far.votes, rank_sum + so_far.rank_sum
        tally.albums[key] = AlbumTally(*key, votes, rank_sum)
    for route, count in other.routes.items():
        tally.routes[route] = tally.routes.get(route, 0) + count


def parse_tally(fields: Mapping[str, str]) -> Tally:
    """Return the tally that a Redis hash holds.

    Fields of other kinds, which a newer version may have added, do not count. Raises `ValueError`
    when a field of ours cannot be read.
    """
    votes: dict[Album, int] = {}
    rank_sums: dict[Album, int] = {}
    tally = Tally()
    for field, value in fields.items():
        if field.startswith(_VOTES):
            votes[_album(field)] = int(value)
        elif field.startswith(_RANK_SUM):
            rank_sums[_album(field)] = int(value)
        elif field.startswith(_ROUTE):
            tally.routes[Route(field.removeprefix(_ROUTE))] = int(value)
        elif field.startswith(_POSITION):
            tally.positions[int(field.removeprefix(_POSITION))] = value
    for album, count in votes.items():
        tally.albums[album] = AlbumTally(*album, count, rank_sums.get(album, 0))
    return tally


def counter_fields(tally: Tally) -> dict[str, int]:
    """Return the counters of a tally by the names of their Redis fields."""
    fields: dict[str, int] = {route_field(route): votes for route, votes in tally.routes.items()}
    for album in tally.albums.values():
        name = album_key(album.name, album.album, album.year).decode()
        fields[_VOTES + name] = album.votes
        fields[_RANK_SUM + name] = album.rank_sum
    return fields


def album_votes_field(album: bytes) -> bytes:
    """Return the name of the Redis field with the votes of the album of this `album_key`."""
    return _VOTES.encode() + album


def rank_sum_field(album: bytes) -> bytes:
    """Return the name of the Redis field with the rank sum of the album of this `album_key`."""
    return _RANK_SUM.encode() + album


def album_key(name: str, album: str, year: int) -> bytes:
    """Return the part of a field's name that is the album.

    Keys sort as the albums do by name, title and year: a year has four digits, and what separates
    the three comes before every character that they may have.
    """
    return f"{name}{_SEPARATOR}{album}{_SEPARATOR}{year}".encode()


def album_of_key(key: bytes) -> Album:
    """Return the album that an `album_key` stands for; raise `ValueError` when there is none."""
    name, album, year = key.decode().split(_SEPARATOR)
    return name, album, int(year)


def is_ours(field: str) -> bool:
    """Whether a field of the hash is a counter or a position."""
    return field.startswith((_VOTES, _RANK_SUM, _ROUTE, _POSITION))


def route_field(route: Route) -> str:
    """Return the name of the Redis field with the votes of a route."""
    return f"{_ROUTE}{route}"


def position_field(partition: int) -> str:
    """Return the name of the Redis field with the position of a partition."""
    return f"{_POSITION}{partition}"


def partition_of(field: str) -> int | None:
    """Return the partition whose position a field holds, None when it holds something else."""
    number = field.removeprefix(_POSITION)
    return int(number) if field != number and number.isdecimal() else None


def _album(field: str) -> Album:
    name, album, year = field[2:].split(_SEPARATOR)
    return name, album, int(year)
