"""A vote in the vote log, and the MongoDB document that stores it."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec
from bson.datetime_ms import DatetimeMS

from voting.domain.tally import UNIT_SEPARATOR, Album
from voting.domain.vote import Route, Vote

# 9999-12-31: the last date that every reader can show and `cast_key` has digits for.
CAST_AT_MAX_MS: Final = 253_402_300_799_999

type Cursor = tuple[int, str]  # arrived_at_ms and id of the last vote seen

# Only votes have this field; the positions' documents are in the same collection. Its name dates
# from when votes were ordered by the routes' clocks; older documents contain that time.
CAST_KEY: Final = "cast_key"
GROUP_KEY: Final = "group_key"


class Place(NamedTuple):
    """The place of a record in the ledger."""

    partition: int
    offset: int


class LoggedVote(msgspec.Struct, frozen=True):
    """A vote in the log, and the record that it comes from.

    `arrived_at_ms` is Unix time in milliseconds by Kafka's clock; the vote's `cast_at_ms` is by
    the clock of the route that read it.
    """

    vote: Vote
    place: Place
    arrived_at_ms: int

    @property
    def id(self) -> str:
        """The vote's id."""
        return self.vote.id

    @property
    def cursor(self) -> Cursor:
        """Where the page after one that ends with this vote begins."""
        return (self.arrived_at_ms, self.vote.id)


def arrival(vote: Vote, timestamp_ms: int) -> int:
    """Return when a vote arrived: the time of its record, else the time when it was cast.

    It is the same for every reader of the record. A topic with
    `message.timestamp.type=CreateTime` stores no time (-1) for records without one, like ours.
    """
    return timestamp_ms if 0 <= timestamp_ms <= CAST_AT_MAX_MS else vote.cast_at_ms


def cast_key(cursor: Cursor) -> str:
    """Return a text that sorts votes by arrival time, then by id.

    With a single text, one index serves the order, and a filter needs no `$or`.
    """
    return f"{cursor[0]:015d}:{cursor[1]}"


def group_key(vote: Vote) -> str:
    """Return a text shared by all votes for the same album on the same route.

    It is stored with each vote so that the log's tally can group by a plain field.
    """
    return UNIT_SEPARATOR.join((vote.name, vote.album, str(vote.year), vote.route))


def parse_group_key(key: str) -> tuple[Album, Route]:
    """Return the album and the route of a `group_key`."""
    name, album, year, route = key.split(UNIT_SEPARATOR)
    return (name, album, int(year)), Route(route)


def to_document(
    vote: Vote, partition: int, offset: int, arrived_at_ms: int | None = None
) -> dict[str, Any]:
    """Return the document of the record of `vote` at this place in Kafka.

    The arrival time defaults to the time when the vote was cast.
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
    """Return the vote in a document."""
    vote = Vote(
        id=document["_id"],
        name=document["name"],
        album=document["album"],
        year=document["year"],
        rank=document["rank"],
        route=Route(document["route"]),
        cast_at_ms=int(document["cast_at"]),
    )
    place = Place(document["partition"], document["offset"])
    return LoggedVote(vote, place, int(document[CAST_KEY].partition(":")[0]))
