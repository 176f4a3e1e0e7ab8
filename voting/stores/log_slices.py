"""Slices of the vote log: the votes of one partition between two offsets. No I/O here.

Many votes are added up a slice at a time, so that no answer takes long, however large the log is.
An index over partition and offset serves the slices.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from voting.domain.tally import UNIT_SEPARATOR, AlbumTally, Tally, add_tally
from voting.domain.vote import Route
from voting.stores.logged_vote import (
    ARRIVED_AT,
    CAST_KEY,
    GROUP_KEY,
    PollEntry,
    parse_group_key,
    poll_cast_key,
)

# Offsets per slice. Such a slice takes `nx-27017` 0.2 s on a quiet machine, and that server handles
# nothing else meanwhile.
SLICE_OFFSETS: Final = 50_000

SLICE_INDEX: Final = [("partition", 1), ("offset", 1)]
BY_GROUP: Final = {
    "$group": {
        "_id": f"${GROUP_KEY}",
        "votes": {"$sum": 1},
        "rank_sum": {"$sum": "$rank"},
        "last": {"$max": "$offset"},
    }
}


class SliceSum(NamedTuple):
    """The tally of the votes in a slice; `last` is their highest offset, None without votes."""

    tally: Tally
    last: int | None


def slices(after: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield the slices that cover the offsets beyond `after`, `last` included."""
    for start in range(after, last, SLICE_OFFSETS):
        yield start, min(start + SLICE_OFFSETS, last)


def match_slice(partition: int, after: int, upto: int) -> dict[str, Any]:
    """Return the stage that passes votes of a partition beyond `after`, `upto` included."""
    return {"$match": {"partition": partition, "offset": {"$gt": after, "$lte": upto}}}


def only_poll(poll: str, partition: int, after: int, upto: int) -> dict[str, Any]:
    """Return the filter for votes of a poll and a partition beyond `after`, `upto` included.

    With it, nothing else is read.
    """
    first, last = (poll_cast_key(poll, partition, at) for at in (after + 1, upto))
    return {CAST_KEY: {"$gte": first, "$lte": last}}


def arrived_between(from_ms: int, until_ms: int) -> dict[str, Any]:
    """Return the filter for votes in polls that arrived from then on, and before `until_ms`."""
    return {ARRIVED_AT: {"$gte": from_ms, "$lt": until_ms}}


def only(partition: int) -> dict[str, Any]:
    """Return a filter with which `find` returns the votes of a partition.

    It is a range because `nx-27017` does not use an index to find equal values.
    """
    return {"partition": {"$gte": partition, "$lte": partition}}


def entry_sums(groups: Iterable[Mapping[str, Any]]) -> dict[tuple[str, Route], tuple[int, int]]:
    """Return votes and rank sum of the groups of one poll, by `entry_key` and route."""
    sums = {}
    for group in groups:
        _, key, route = group["_id"].split(UNIT_SEPARATOR)
        sums[key, Route(route)] = group["votes"], group["rank_sum"]
    return sums


def sum_of(groups: Iterable[Mapping[str, Any]]) -> SliceSum:
    """Return the sum of the groups that `BY_GROUP` returns."""
    tally = Tally()
    last: int | None = None
    for group in groups:
        counted, route = parse_group_key(group["_id"])
        votes, rank_sum = group["votes"], group["rank_sum"]
        if isinstance(counted, PollEntry):
            tally.poll(counted.poll).add(counted.entry_key, votes, rank_sum, route)
        else:
            sums = AlbumTally(*counted, votes, rank_sum)
            add_tally(tally, Tally({counted: sums}, {route: votes}))
        last = group["last"] if last is None else max(last, group["last"])
    return SliceSum(tally, last)
