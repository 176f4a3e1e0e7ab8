"""Read-only access to the vote log, with bounded readings."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import PyMongoError

from voting.domain.tally import PollTally
from voting.domain.vote import Route
from voting.stores.errors import StoreUnavailableError
from voting.stores.log_slices import BY_GROUP, arrived_between, entry_sums, only_poll, sum_of
from voting.stores.logged_vote import (
    CAST_KEY,
    OF_POLLS,
    Cursor,
    LoggedVote,
    cast_key,
    from_document,
    offset_in_key,
)

STORE: Final = "MongoDB"
COLLECTION: Final = "votes"

# The most votes per reading: some hundred kilobytes.
NEWEST_MAX: Final = 1000
_IDS_PER_QUERY: Final = 1000


class StoredPosition(NamedTuple):
    """The log's position in a partition, its owner, and how many partitions the topic had."""

    position: str
    owner: str
    partitions: int


class VoteLogReader:
    """Reads the vote log at `url`; every method that waits may raise `StoreUnavailableError`.

    `options` are passed to the client; subclasses that write need some.
    """

    def __init__(self, url: str, database: str, **options: Any) -> None:
        self._client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
            url,
            serverSelectionTimeoutMS=5_000,
            # Also the limit of heartbeats, and a failed one cancels pending calls. nx-27017 does
            # one thing at a time, so a heartbeat may wait behind a batch.
            connectTimeoutMS=20_000,
            socketTimeoutMS=20_000,
            datetime_conversion="DATETIME_MS",
            **options,
        )
        self._votes = self._client[database][COLLECTION]

    async def newest(self, limit: int, after: Cursor | None = None) -> list[LoggedVote]:
        """Return at most `limit` votes of the open poll, newest first; `after` one, if given.

        Raises `ValueError` unless `limit` is 1 to `NEWEST_MAX`: to MongoDB, 0 means all.
        """
        if not 1 <= limit <= NEWEST_MAX:
            raise ValueError(f"limit must be from 1 to {NEWEST_MAX}, got {limit}")
        return await self._page(OF_POLLS if after is None else cast_key(after), limit)

    async def find(self, ids: Sequence[str]) -> dict[str, LoggedVote]:
        """Return the votes with these ids that the log has, by id."""
        found: dict[str, LoggedVote] = {}
        with translated():
            for start in range(0, len(ids), _IDS_PER_QUERY):
                wanted = list(ids[start : start + _IDS_PER_QUERY])
                async for document in self._votes.find({"_id": {"$in": wanted}}):
                    found[document["_id"]] = from_document(document)
        return found

    async def _page(self, before: str, limit: int) -> list[LoggedVote]:
        """Return votes in the order of their keys, those with the greatest before this one."""
        bounds = {"$gt": "", "$lt": before}
        with translated():
            found = self._votes.find({CAST_KEY: bounds}).sort(CAST_KEY, -1).limit(limit)
            return [from_document(document) async for document in found]

    async def positions(self, partitions: Sequence[int]) -> dict[int, StoredPosition]:
        """Return the positions that the log has for these partitions."""
        keys = {f"@{partition}": partition for partition in partitions}
        with translated():
            found = self._votes.find({"_id": {"$in": list(keys)}})
            return {keys[d["_id"]]: stored_position(d) async for d in found}

    async def next_in_poll(self, poll: str, partition: int, after: int, upto: int) -> int | None:
        """Return the lowest offset of a poll's votes beyond `after`, `upto` included."""
        found = self._votes.find(only_poll(poll, partition, after, upto), {CAST_KEY: 1})
        with translated():
            keys: list[str] = [d[CAST_KEY] async for d in found.sort(CAST_KEY, 1).limit(1)]
        return offset_in_key(keys[0]) if keys else None

    async def sum_up_poll(self, poll: str, partition: int, after: int, upto: int) -> PollTally:
        """Return the tally of a poll's votes beyond the offset `after`, `upto` included.

        It takes long for slices of more than `SLICE_OFFSETS` offsets.
        """
        votes = {"$match": only_poll(poll, partition, after, upto)}
        with translated():
            groups = self._votes.aggregate([votes, BY_GROUP])
            return sum_of([group async for group in groups]).tally.poll(poll)

    async def sum_up_arrived(
        self, poll: str, partition: int, after: int, upto: int, arrived: tuple[int, int]
    ) -> dict[tuple[str, Route], tuple[int, int]]:
        """Return votes and rank sum by `entry_key` and route, like `sum_up_poll`.

        Only of votes that arrived from the first time on, before the second.
        """
        from_ms, until_ms = arrived
        these = only_poll(poll, partition, after, upto) | arrived_between(from_ms, until_ms)
        with translated():
            groups = [group async for group in self._votes.aggregate([{"$match": these}, BY_GROUP])]
        return entry_sums(groups)

    def close(self) -> None:
        """Close the connections; waits for a hanging server for at most 20 seconds."""
        self._client.close()


def stored_position(document: Mapping[str, Any]) -> StoredPosition:
    """Return the position that a document keeps."""
    return StoredPosition(document["pos"], document["owner"], document["partitions"])


@contextmanager
def translated() -> Iterator[None]:
    """Convert errors of the MongoDB client to `StoreUnavailableError`."""
    try:
        yield
    except (PyMongoError, OSError) as error:
        raise StoreUnavailableError(STORE, error) from error
