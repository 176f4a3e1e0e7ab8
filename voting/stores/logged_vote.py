"""A vote in the vote log, and the MongoDB document that keeps it."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec
from bson.datetime_ms import DatetimeMS

from voting.domain.tally import Album
from voting.domain.vote import Route, Vote

# 9999-12-31: what every reader of a date can show, and what `cast_key` has digits for.
CAST_AT_MAX_MS: Final = 253_402_300_799_999

type Cursor = tuple[int, str]  # arrived_at_ms and id of the last vote seen

# Only votes have this field: the documents of the positions lie in the same collection. Its name
# is from when the routes' clocks gave votes their order; documents of then have that time in it.
CAST_KEY: Final = "cast_key"
GROUP_KEY: Final = "group_key"

_SEPARATOR: Final = "\x1f"  # a control character, so no name and no album contains it


class Place(NamedTuple):
    """Where in Kafka the record lies whose vote the log has."""

    partition: int
    offset: int


class LoggedVote(msgspec.Struct, frozen=True):
    """A vote in the log, with its place in Kafka.

    `cast_at_ms` and `arrived_at_ms` are Unix time in milliseconds: by the clock of the route that
    read the vote, and by Kafka's.
    """

    id: str
    name: str
    album: str
    year: int
    rank: int
    route: Route
    cast_at_ms: int
    partition: int
    offset: int
    arrived_at_ms: int

    @property
    def cursor(self) -> Cursor:
        """Where a page that ends with this vote goes on."""
        return (self.arrived_at_ms, self.id)


def arrival(vote: Vote, timestamp_ms: int) -> int:
    """Return when a vote arrived: the time of its record, else the time when it was cast.

    The same for whoever reads the record. A topic with `message.timestamp.type=CreateTime` keeps
    no time (-1) for records that bring none, as ours do.
    """
    return timestamp_ms if 0 <= timestamp_ms <= CAST_AT_MAX_MS else vote.cast_at_ms


def cast_key(cursor: Cursor) -> str:
    """Return a text that sorts votes by the time they arrived, then by id.

    One text, as one index then serves the order, with a filter that does not need an `$or`.
    """
    return f"{cursor[0]:015d}:{cursor[1]}"


def group_key(vote: Vote) -> str:
    """Return a text that all votes share that count for the same album and route.

    One text, kept with each vote, as the log's tally then groups by a plain field.
    """
    return _SEPARATOR.join((vote.name, vote.album, str(vote.year), vote.route))


def parse_group_key(key: str) -> tuple[Album, Route]:
    """Return what a `group_key` stands for."""
    name, album, year, route = key.split(_SEPARATOR)
    return (name, album, int(year)), Route(route)


def to_document(
    vote: Vote, partition: int, offset: int, arrived_at_ms: int | None = None
) -> dict[str, Any]:
    """Return the document of the record of `vote` at this place in Kafka.

    Without a time of arrival it is the time when the vote was cast.
    """
    if arrived_at_ms is None:
        arrived_at_ms = vote.cast_at_ms
    return {
        "_id": vote.id,
        "name": vote.name,
        "album": vote.album,
        "year": vote.year,
        "rank": vote.rank,
        "route": vote.route.value,
        "cast_at": DatetimeMS(vote.cast_at_ms),
        CAST_KEY: cast_key((arrived_at_ms, vote.id)),
        GROUP_KEY: group_key(vote),
        "partition": partition,
        "offset": offset,
    }


def from_document(document: Mapping[str, Any]) -> LoggedVote:
    """Return the vote that a document keeps."""
    return LoggedVote(
        document["_id"],
        document["name"],
        document["album"],
        document["year"],
        document["rank"],
        Route(document["route"]),
        int(document["cast_at"]),
        document["partition"],
        document["offset"],
        int(document[CAST_KEY].partition(":")[0]),
    )
