"""The fields of the Redis hash with the tally: their names and meanings."""

from collections.abc import Mapping

from voting.domain.tally import Album, AlbumTally, Tally, album_key, album_of_key
from voting.domain.vote import Route

# The prefix of a field's name is the kind of its value.
_VOTES, _RANK_SUM, _ROUTE, _POSITION = "v:", "s:", "r:", "@"


def parse_tally(fields: Mapping[str, str]) -> Tally:
    """Return the tally in a Redis hash.

    Fields of other kinds, which a newer version may have added, are ignored. Raises `ValueError` if
    a field of ours cannot be parsed.
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


def is_ours(field: str) -> bool:
    """Whether a field of the hash is a counter or a position."""
    return field.startswith((_VOTES, _RANK_SUM, _ROUTE, _POSITION))


def route_field(route: Route) -> str:
    """Return the name of the Redis field with the votes of a route."""
    return f"{_ROUTE}{route}"


def position_field(partition: int) -> str:
    """Return the name of the Redis field with the position of a partition."""
    return f"{_POSITION}{partition}"


def partition_in_field(field: str) -> int | None:
    """Return the partition whose position is in this field; None for other fields."""
    number = field.removeprefix(_POSITION)
    return int(number) if field != number and number.isdecimal() else None


def _album(field: str) -> Album:
    return album_of_key(field[2:].encode())
