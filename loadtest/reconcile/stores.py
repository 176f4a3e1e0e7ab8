"""The stores that the comparison reads: the vote log and the tally."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from loadtest.reconcile.reconciliation import VoteLogReader
from voting.stores.errors import StoreUnavailableError
from voting.stores.settings import mongodb_url_problem, redis_url_problem
from voting.stores.tally_store import TallyStore
from voting.stores.vote_log import VoteLog

_TIMEOUT_SECONDS: Final = 10.0


class UnreachableError(Exception):
    """The target or a store does not answer; the text says which, where and why."""


@asynccontextmanager
async def open_stores(
    mongodb_url: str, database: str, redis_url: str
) -> AsyncIterator[tuple[VoteLogReader, TallyStore]]:
    """Open the vote log and the tally, once both have answered.

    Raises `UnreachableError` when one of them does not.
    """
    if problem := mongodb_url_problem(mongodb_url):
        raise UnreachableError(f"the URL of MongoDB: {problem}")
    if problem := redis_url_problem(redis_url):
        raise UnreachableError(f"the URL of Redis: {problem}")
    log, tallies = VoteLog(mongodb_url, database), TallyStore(redis_url)
    try:
        await _check("MongoDB", mongodb_url, log.find(["none"]))
        await _check("Redis", redis_url, tallies.read())
        yield log, tallies
    finally:
        log.close()
        await tallies.close()


async def _check(name: str, url: str, answer: Awaitable[object]) -> None:
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            await answer
    except (StoreUnavailableError, TimeoutError) as error:
        reason = str(error) or "no answer"
        raise UnreachableError(f"{name} at {_without_password(url)}: {reason}") from error


def _without_password(url: str) -> str:
    """Return a URL without the user and password it may have."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
