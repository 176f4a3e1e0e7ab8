"""Read-only access to the vote log, with bounded readings."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import PyMongoError

from voting.stores.errors import StoreUnavailableError
from voting.stores.logged_vote import CAST_KEY, Cursor, LoggedVote, cast_key, from_document

STORE: Final = "MongoDB"
COLLECTION: Final = "votes"

# The most votes per reading: some hundred kilobytes.
NEWEST_MAX: Final = 1000


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
        """Return at most `limit` votes, newest first; with `after`, those that follow it.

        Raises `ValueError` unless `limit` is 1 to `NEWEST_MAX`: to MongoDB, 0 means all.
        """
        if not 1 <= limit <= NEWEST_MAX:
            raise ValueError(f"limit must be from 1 to {NEWEST_MAX}, got {limit}")
        bounds = {"$gt": ""} if after is None else {"$gt": "", "$lt": cast_key(after)}
        with translated():
            found = self._votes.find({CAST_KEY: bounds}).sort(CAST_KEY, -1).limit(limit)
            return [from_document(document) async for document in found]

    def close(self) -> None:
        """Close the connections; waits for a hanging server for at most 20 seconds."""
        self._client.close()


@contextmanager
def translated() -> Iterator[None]:
    """Convert errors of the MongoDB client to `StoreUnavailableError`."""
    try:
        yield
    except (PyMongoError, OSError) as error:
        raise StoreUnavailableError(STORE, error) from error
