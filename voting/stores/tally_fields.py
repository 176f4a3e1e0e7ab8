"""The fields of the Redis hash that holds the tally: their names, and what they mean.

The counters of a poll are those of an open poll with the poll in front: `p:<poll>␟v:<entry>`, or
`p:<poll>␟v:<entry>@<class>` for votes of a class of voters other than 0. `p:<poll>␟x` is not a
counter: it has what rulings take of the poll (`voting.stores.tally_exclusion`).
"""

from collections.abc import Iterable, Mapping
from typing import Final

from voting.domain.tally import (
    UNIT_SEPARATOR,
    Album,
    AlbumTally,
    EntryTally,
    PollTally,
    Tally,
    album_key,
    album_of_key,
)
from voting.domain.vote import Route

# The prefix of a field's name is the kind of its value.
_VOTES, _RANK_SUM, _ROUTE, _POSITION = "v:", "s:", "r:", "@"

_EXCLUDED: Final = f"{UNIT_SEPARATOR}x"

# What the names of all fields of polls begin with.
POLL_PREFIX: Final = "p:"
# How many fields of polls the hash has: without them, its length tells how many albums there are.
POLL_FIELDS: Final = "#polls"


def parse_tally(fields: Mapping[str, str]) -> Tally:
    """Return the tally in a Redis hash.

    Fields of other kinds, which a newer version may have added, are ignored. Raises `ValueError` if
    a field of ours cannot be parsed.
    """
    votes: dict[Album, int] = {}
    rank_sums: dict[Album, int] = {}
    polls: dict[str, dict[str, str]] = {}
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
        elif field.startswith(POLL_PREFIX):
            poll, _, rest = field.removeprefix(POLL_PREFIX).partition(UNIT_SEPARATOR)
            polls.setdefault(poll, {})[rest] = value
    tally.polls = {poll: _parse_poll(counters) for poll, counters in polls.items()}
    for album, count in votes.items():
        tally.albums[album] = AlbumTally(*album, count, rank_sums.get(album, 0))
    return tally


def _parse_poll(counters: Mapping[str, str]) -> PollTally:
    """Return what the counters of a poll hold, given by what their names say after the poll."""
    entries: dict[str, EntryTally] = {}
    routes: dict[Route, int] = {}
    for name, value in counters.items():
        if name.startswith(_VOTES):
            rank_sum = int(counters.get(_RANK_SUM + name.removeprefix(_VOTES), "0"))
            entries[name.removeprefix(_VOTES)] = EntryTally(int(value), rank_sum)
        elif name.startswith(_ROUTE):
            routes[Route(name.removeprefix(_ROUTE))] = int(value)
    return PollTally(entries, routes)


def counter_fields(tally: Tally) -> dict[str, int]:
    """Return the counters of a tally by the names of their Redis fields."""
    fields: dict[str, int] = {route_field(route): votes for route, votes in tally.routes.items()}
    for album in tally.albums.values():
        name = album_key(album.name, album.album, album.year).decode()
        fields[_VOTES + name] = album.votes
        fields[_RANK_SUM + name] = album.rank_sum
    for poll, counts in tally.polls.items():
        for route, votes in counts.routes.items():
            fields[poll_route_field(poll, route)] = votes
        for key, counted in counts.entries.items():
            fields[entry_votes_field(poll, key)] = counted.votes
            fields[entry_rank_sum_field(poll, key)] = counted.rank_sum
    return fields


def poll_field_count(fields: Iterable[str]) -> int:
    """Return how many of these are fields of polls: what `POLL_FIELDS` should hold."""
    return sum(field.startswith(POLL_PREFIX) for field in fields)


def album_votes_field(album: bytes) -> bytes:
    """Return the name of the Redis field with the votes of the album of this `album_key`."""
    return _VOTES.encode() + album


def rank_sum_field(album: bytes) -> bytes:
    """Return the name of the Redis field with the rank sum of the album of this `album_key`."""
    return _RANK_SUM.encode() + album


def entry_votes_field(poll: str, key: str) -> str:
    """Return the name of the Redis field with the votes of a poll under an `entry_key`."""
    return f"{POLL_PREFIX}{poll}{UNIT_SEPARATOR}{_VOTES}{key}"


def entry_rank_sum_field(poll: str, key: str) -> str:
    """Return the name of the Redis field with the rank sum of a poll under an `entry_key`."""
    return f"{POLL_PREFIX}{poll}{UNIT_SEPARATOR}{_RANK_SUM}{key}"


def poll_route_field(poll: str, route: Route) -> str:
    """Return the name of the Redis field with a poll's votes of a route."""
    return f"{POLL_PREFIX}{poll}{UNIT_SEPARATOR}{_ROUTE}{route}"


def exclusion_field(poll: str) -> str:
    """Return the name of the Redis field with what rulings take of a poll."""
    return f"{POLL_PREFIX}{poll}{_EXCLUDED}"


def poll_in_exclusion(field: str) -> str | None:
    """Return the poll whose rulings the field is about; None for other fields."""
    if field.startswith(POLL_PREFIX) and field.endswith(_EXCLUDED):
        return field.removeprefix(POLL_PREFIX).removesuffix(_EXCLUDED)
    return None


def is_ours(field: str) -> bool:
    """Whether a field of the hash is a counter or a position."""
    known = (_VOTES, _RANK_SUM, _ROUTE, _POSITION, POLL_PREFIX)
    return field.startswith(known) or field == POLL_FIELDS


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
