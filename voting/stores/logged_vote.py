"""A vote in the vote log, and the MongoDB document that stores it."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec
from bson.datetime_ms import DatetimeMS

from voting.domain.tally import UNIT_SEPARATOR, Album, entry_key
from voting.domain.vote import Route, Vote

type Cursor = tuple[int, str]  # arrived_at_ms and id of the last vote seen

# Only votes have this field; the positions' documents are in the same collection. Its name dates
# from when votes were ordered by the routes' clocks; older documents contain that time. Votes of
# the open poll come first, by arrival time, which begins with a digit. Then come those of each
# poll, by partition and offset, so that one poll is read without the others.
CAST_KEY: Final = "cast_key"
GROUP_KEY: Final = "group_key"
OF_POLLS: Final = "p:"

# Documents of votes in polls only.
ARRIVED_AT: Final = "arrived_at_ms"


class Place(NamedTuple):
    """The place of a record in the ledger."""

    partition: int
    offset: int


class PollEntry(NamedTuple):
    """What a vote in a poll counts for: the poll's id, and the `entry_key`."""

    poll: str
    entry_key: str


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


def cast_key(cursor: Cursor) -> str:
    """Return a text that sorts votes of the open poll by arrival time, then by id.

    With a single text, one index serves the order, and a filter needs no `$or`.
    """
    return f"{cursor[0]:015d}:{cursor[1]}"


def poll_cast_key(poll: str, partition: int, offset: int) -> str:
    """Return a text that sorts votes in polls by poll, partition and offset.

    All of them come after every `cast_key`.
    """
    return f"{OF_POLLS}{poll}:{partition:05d}:{offset:019d}"


def offset_in_key(key: str) -> int:
    """Return the offset in a `poll_cast_key`."""
    return int(key.rpartition(":")[2])


def key_of(logged: LoggedVote) -> str:
    """Return what a vote's document has in the field `CAST_KEY`."""
    if logged.vote.poll:
        return poll_cast_key(logged.vote.poll, *logged.place)
    return cast_key(logged.cursor)


def group_key(vote: Vote) -> str:
    """Return a text shared by all votes for the same album on the same route.

    In a poll, by all votes of one class of voters for the same entry on the same route. It is
    stored with each vote so that the log's tally can group by a plain field.
    """
    if vote.poll:
        entry = entry_key(vote.entry, vote.voter_class)
        return UNIT_SEPARATOR.join((vote.poll, entry, vote.route))
    return UNIT_SEPARATOR.join((vote.name, vote.album, str(vote.year), vote.route))


def parse_group_key(key: str) -> tuple[Album | PollEntry, Route]:
    """Return the album, or the entry of a poll, and the route of a `group_key`."""
    *what, route = key.split(UNIT_SEPARATOR)
    if len(what) == len(PollEntry._fields):
        return PollEntry(*what), Route(route)
    name, album, year = what
    return (name, album, int(year)), Route(route)


def to_document(
    vote: Vote, partition: int, offset: int, arrived_at_ms: int | None = None
) -> dict[str, Any]:
    """Return the document of the record of `vote` at this place in Kafka.

    The arrival time defaults to the time when the vote was cast.
    """
    if arrived_at_ms is None:
        arrived_at_ms = vote.cast_at_ms
    poll = vote.poll
    key = poll_cast_key(poll, partition, offset) if poll else cast_key((arrived_at_ms, vote.id))
    document = {
        "_id": vote.id,
        "name": vote.name,
        "album": vote.album,
        "year": vote.year,
        "rank": vote.rank,
        "route": vote.route.value,
        "cast_at": DatetimeMS(vote.cast_at_ms),
        CAST_KEY: key,
        GROUP_KEY: group_key(vote),
        "partition": partition,
        "offset": offset,
    }
    if poll:
        document["poll"] = poll
        document["entry"] = vote.entry
        document["poll_event"] = vote.poll_event
        if vote.voter_class:
            document["voter_class"] = vote.voter_class
        document[ARRIVED_AT] = arrived_at_ms
    return document


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
        poll=document.get("poll", ""),
        entry=document.get("entry", ""),
        poll_event=document.get("poll_event", 0),
        voter_class=document.get("voter_class", 0),
    )
    place = Place(document["partition"], document["offset"])
    if vote.poll:
        return LoggedVote(vote, place, document[ARRIVED_AT])
    return LoggedVote(vote, place, int(document[CAST_KEY].partition(":")[0]))
