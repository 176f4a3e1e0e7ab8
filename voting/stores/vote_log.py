"""The vote log in MongoDB. Only this module and `vote_log_reader` use it, so it is replaceable.

It uses only operations that MongoDB and `nx-27017`, its stand-in on one machine, both support.
What `nx-27017` 0.8 cannot do, and what we do instead:

- an index over `_id` and another field makes every insert fail: `cast_key` is one field;
- `$group` by several fields puts everything into one group, and by an expression it reads all
  documents one by one, ten times as slow: `group_key` is kept with each vote;
- `count` reads all documents, too: `$group` counts;
- an answer that takes 10 s never comes: `$group` takes a slice of a partition at a time, as
  700,000 votes may take that long on a busy machine;
- `find` uses no index for equality: it gets ranges, `$match` gets equal values;
- filters on dates read the whole collection: filters use `cast_key` and `offset`;
- `$set` of a date stores a text: whole documents are replaced;
- an id that looks like a number becomes one: ours are UUIDs and "@<partition>";
- databases of different names are the same database: each server has one vote log;
- a date after the year 9999 breaks the answer: such votes are refused by the consumer.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from pymongo import ReplaceOne, ReturnDocument, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from voting.domain.tally import Tally, add_tally
from voting.stores.errors import NO_POSITION
from voting.stores.log_slices import (
    BY_GROUP,
    SLICE_INDEX,
    SliceSum,
    match_slice,
    only,
    slices,
    sum_of,
)
from voting.stores.logged_vote import (
    CAST_KEY,
    Cursor,
    LoggedVote,
    Place,
    key_of,
)
from voting.stores.vote_log_reader import (
    NEWEST_MAX,
    STORE,
    StoredPosition,
    VoteLogReader,
    stored_position,
    translated,
)

__all__ = ["STORE", "Cursor", "LogMove", "LoggedVote", "Place", "StoredPosition", "VoteLog"]

_DUPLICATE_KEY: Final = 11000
_BEHIND_ALL: Final = "q"  # no key of a vote begins with it, or with what comes after it
_ONLY_VOTES: Final = {CAST_KEY: {"$gt": ""}}
_MATCH_VOTES: Final = {"$match": _ONLY_VOTES}


class LogMove(NamedTuple):
    """A move of a partition from the position `expected` to `position`, by its owner."""

    partition: int
    owner: str
    expected: str
    position: str


class VoteLog(VoteLogReader):
    """The vote log at `url`; every method that waits may raise `StoreUnavailableError`.

    The position of each partition is a document in the same collection as the votes, so that they
    can only be lost together.
    """

    def __init__(self, url: str, database: str) -> None:
        super().__init__(url, database, w="majority", journal=True)

    async def all_votes(self) -> AsyncIterator[LoggedVote]:
        """Yield every vote of every poll; those of the open poll last, newest first."""
        before = _BEHIND_ALL
        while page := await self._page(before, NEWEST_MAX):
            for logged in page:
                yield logged
            before = key_of(page[-1])

    async def tally(self) -> Tally:
        """Return the tally of all votes in the log, reading them slice by slice."""
        tally = Tally()
        for partition in await self.partitions():
            last = await self._last_offset(partition)
            for after, upto in slices(-1, last):
                add_tally(tally, (await self.sum_up(partition, after, upto)).tally)
        return tally

    async def partitions(self) -> list[int]:
        """Return the partitions from which the log has votes."""
        numbers: list[int] = []
        while (number := await self._next_partition(numbers[-1] if numbers else -1)) is not None:
            numbers.append(number)
        return numbers

    async def sum_up(self, partition: int, after: int, upto: int) -> SliceSum:
        """Return the sum of a partition's votes beyond the offset `after`, `upto` included.

        Slices of more than `SLICE_OFFSETS` offsets take long.
        """
        slice_of_log = match_slice(partition, after, upto)
        with translated():
            groups = self._votes.aggregate([slice_of_log, BY_GROUP])
            return sum_of([group async for group in groups])

    async def id_at(self, place: Place) -> str | None:
        """Return the id of the vote whose record is at this place; None if there is none."""
        this = match_slice(place.partition, place.offset - 1, place.offset)
        with translated():
            ids: list[str] = [document["_id"] async for document in self._votes.aggregate([this])]
        return ids[0] if ids else None

    async def count(self) -> int:
        """Return how many votes the log has, by reading all of them."""
        everything = {"_id": None, "votes": {"$sum": 1}}
        with translated():
            groups = self._votes.aggregate([_MATCH_VOTES, {"$group": everything}])
            return sum([group["votes"] async for group in groups])

    async def ensure_indexes(self) -> None:
        """Create the indexes for `newest` and for slices, unless they exist.

        They are dropped with the collection.
        """
        with translated():
            await self._votes.create_index([(CAST_KEY, -1)])
            await self._votes.create_index(SLICE_INDEX)

    async def insert(self, documents: Sequence[dict[str, Any]]) -> list[str]:
        """Store documents of votes; return the ids of those whose id the log already had."""
        if not documents:
            return []
        with translated():
            try:
                await self._votes.insert_many(documents, ordered=False)
            except BulkWriteError as error:
                refused = _refused_as_known(error)
                if refused is None:
                    raise
                return [documents[index]["_id"] for index in refused]
        return []

    async def places(self, ids: Sequence[str]) -> dict[str, Place]:
        """Return the records' places of those of these votes that the log has, by id."""
        with translated():
            found = self._votes.find({"_id": {"$in": list(ids)}}, {"partition": 1, "offset": 1})
            return {d["_id"]: Place(d["partition"], d["offset"]) async for d in found}

    async def rewrite(self, documents: Sequence[dict[str, Any]]) -> None:
        """Replace documents of later records of the same votes with these."""
        replacements = [ReplaceOne(_later_copy(document), document) for document in documents]
        with translated():
            await self._votes.bulk_write(replacements, ordered=False)

    async def claim(self, partition: int, owner: str, partitions: int) -> StoredPosition | None:
        """Make `owner` the only one that can `advance` this partition; return its position.

        Returns None if another consumer claimed a new partition at the same moment. A new partition
        stores the number of partitions that the topic has.
        """
        key = f"@{partition}"
        with translated():
            document = await self._votes.find_one_and_update(
                {"_id": key}, {"$set": {"owner": owner}}, return_document=ReturnDocument.AFTER
            )
            if document is None:
                new = {"_id": key, "owner": owner, "pos": NO_POSITION, "partitions": partitions}
                try:
                    await self._votes.insert_one(new)
                except DuplicateKeyError:
                    return None
                document = new
        return stored_position(document)

    async def advance(self, moves: Sequence[LogMove]) -> int:
        """Make the moves of partitions that are at `expected`; return how many were made.

        The fence: only the last to claim a partition passes it. It never creates a position, or the
        loss of the votes before it would go unnoticed.
        """
        updates = [
            UpdateOne(
                {"_id": f"@{move.partition}", "owner": move.owner, "pos": move.expected},
                {"$set": {"pos": move.position}},
            )
            for move in moves
        ]
        with translated():
            return (await self._votes.bulk_write(updates, ordered=False)).matched_count

    async def _next_partition(self, number: int) -> int | None:
        """Return the lowest partition above this number that has votes."""
        found = self._votes.find({"partition": {"$gt": number}}, {"partition": 1})
        with translated():
            numbers = [d["partition"] async for d in found.sort(SLICE_INDEX).limit(1)]
        return numbers[0] if numbers else None

    async def _last_offset(self, partition: int) -> int:
        """Return the highest offset of a partition's votes; -1 if there are none."""
        found = self._votes.find(only(partition), {"offset": 1})
        last_first = [(field, -order) for field, order in SLICE_INDEX]
        with translated():
            offsets = [d["offset"] async for d in found.sort(last_first).limit(1)]
        return offsets[0] if offsets else -1


def _later_copy(document: Mapping[str, Any]) -> dict[str, Any]:
    same = {field: document[field] for field in ("_id", "partition")}
    return {**same, "offset": {"$gt": document["offset"]}}


def _refused_as_known(error: BulkWriteError) -> list[int] | None:
    """Return the indexes of documents refused for their id; None if there was another error."""
    failures = error.details["writeErrors"]
    if error.details["writeConcernErrors"] or any(f["code"] != _DUPLICATE_KEY for f in failures):
        return None
    return [failure["index"] for failure in failures]
