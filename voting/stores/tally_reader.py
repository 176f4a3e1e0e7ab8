"""Read-only access to the tally, with bounded readings."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Final, NamedTuple, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from voting.domain.tally import EntryTally, PollTally
from voting.domain.vote import Route
from voting.polls.definition import COUNTS_MAX
from voting.stores.errors import StoreUnavailableError
from voting.stores.tally_exclusion import PollStandings, read_exclusion
from voting.stores.tally_fields import (
    POLL_FIELDS,
    album_votes_field,
    entry_rank_sum_field,
    entry_votes_field,
    exclusion_field,
    poll_route_field,
    rank_sum_field,
    route_field,
)

TALLY_KEY: Final = "{votes}:tally"
STORE: Final = "Redis"

# All the commands that a reader needs, besides those for connecting.
COMMANDS: Final = ("hlen", "hmget", "hscan")

# Fields of the hash per HSCAN, which blocks Redis for about a millisecond.
SLICE_FIELDS: Final = 1000
# Albums per HMGET, with two fields each.
STANDINGS_PER_CALL: Final = 250
# For one answer, not for a whole reading, which needs one per slice.
ANSWER_SECONDS: Final = 3.0

_CONNECT_SECONDS = 2
_SOCKET_SECONDS = 5


class Pulse(NamedTuple):
    """The open poll's votes of each route, and the hash's number of fields that are not of polls.

    It changes with every vote counted in the open poll, and with no other.
    """

    routes: dict[Route, int]
    fields: int


class AlbumsSlice(NamedTuple):
    """Votes of some albums by `album_key`, and where the next slice begins; 0 after the last."""

    votes: dict[bytes, int]
    next: int


class Standings(NamedTuple):
    """Votes and rank sum of each requested album, in order; None for albums not in the tally.

    Includes the votes of the routes; everything is from the same moment.
    """

    routes: dict[Route, int]
    counts: list[tuple[int, int] | None]


class TallyReader:
    """Reads the tally in the Redis at `redis_url`; every method may raise `StoreUnavailableError`.

    Raises `ValueError` for a counter that cannot be parsed.
    """

    def __init__(self, redis_url: str) -> None:
        self._redis = connect(redis_url, decode=False)

    async def pulse(self) -> Pulse:
        """Return the pulse, a cheap way to see whether votes were counted since the last call."""
        async with _answer():
            pipeline = self._redis.pipeline(transaction=False)
            # In this order, so that no field of a poll that comes in between passes for an album.
            pipeline.hlen(TALLY_KEY)
            pipeline.hmget(TALLY_KEY, [*_ROUTE_FIELDS, POLL_FIELDS])
            fields, (*routes, of_polls) = await pipeline.execute()
        # Without polls the hash has no field that counts theirs.
        others = 0 if of_polls is None else int(of_polls) + 1
        return Pulse(_routes(routes), max(0, fields - others))

    async def albums(self, begin: int) -> AlbumsSlice:
        """Return a slice of the albums; the first begins at 0.

        Together the slices have every album that existed throughout, some perhaps twice. A small
        tally is one slice.
        """
        async with _answer():
            following, stored = await self._redis.hscan(
                TALLY_KEY, begin, match=album_votes_field(b"*"), count=SLICE_FIELDS
            )
        found = cast("dict[bytes, bytes]", stored)
        prefix = len(album_votes_field(b""))
        return AlbumsSlice(
            {field[prefix:]: int(count) for field, count in found.items()}, following
        )

    async def standings(self, albums: Sequence[bytes]) -> Standings:
        """Return the counts of at most `STANDINGS_PER_CALL` albums."""
        if len(albums) > STANDINGS_PER_CALL:
            raise ValueError(f"{len(albums)} albums are too many for one call")
        fields: list[str | bytes] = [*_ROUTE_FIELDS]
        for album in albums:
            fields += (album_votes_field(album), rank_sum_field(album))
        async with _answer():
            stored = await self._redis.hmget(TALLY_KEY, fields)
        values = cast("list[bytes | None]", stored)
        routes, counts = values[: len(_ROUTE_FIELDS)], values[len(_ROUTE_FIELDS) :]
        return Standings(
            _routes(routes),
            [
                None if votes is None else (int(votes), int(rank_sum or 0))
                for votes, rank_sum in zip(counts[::2], counts[1::2], strict=True)
            ],
        )

    async def poll_standings(self, poll: str, keys: Sequence[str]) -> PollStandings:
        """Return what is counted in a poll under these `entry_key`s, and what rulings take of it.

        It costs by these keys, however many polls and albums there are: at most
        `COUNTS_MAX`. What has no votes is left out.
        """
        if len(keys) > COUNTS_MAX:
            raise ValueError(f"{len(keys)} keys are too many for one call")
        fields = [poll_route_field(poll, route) for route in Route]
        for key in keys:
            fields += (entry_votes_field(poll, key), entry_rank_sum_field(poll, key))
        async with _answer():
            stored = await self._redis.hmget(TALLY_KEY, [*fields, exclusion_field(poll)])
        *values, excluded = cast("list[bytes | None]", stored)
        routes, counts = values[: len(Route)], values[len(Route) :]
        counted = zip(keys, counts[::2], counts[1::2], strict=True)
        tally = PollTally(
            {e: EntryTally(int(v), int(s or 0)) for e, v, s in counted if v is not None},
            {route: int(n) for route, n in zip(Route, routes, strict=True) if n is not None},
        )
        exclusion = read_exclusion(None if excluded is None else excluded.decode())
        return PollStandings(tally, exclusion)

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()


@asynccontextmanager
async def _answer() -> AsyncIterator[None]:
    """Raise `StoreUnavailableError` for an error, or for an answer that takes too long."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            with translated():
                yield
    except TimeoutError as error:
        raise StoreUnavailableError(
            STORE, TimeoutError(f"no answer within {ANSWER_SECONDS:g} s")
        ) from error


_ROUTE_FIELDS: Final = [route_field(route) for route in Route]


def _routes(counts: Sequence[bytes | None]) -> dict[Route, int]:
    return {route: int(count or 0) for route, count in zip(Route, counts, strict=True)}


def connect(redis_url: str, *, decode: bool) -> Redis:
    """Return a client of the Redis at `redis_url` that returns text if `decode`, else bytes."""
    client: Redis = Redis.from_url(
        redis_url,
        decode_responses=decode,
        socket_connect_timeout=_CONNECT_SECONDS,
        socket_timeout=_SOCKET_SECONDS,
        # Retry once on a new connection: those in the pool break when Redis restarts.
        retry=Retry(NoBackoff(), 1),
        retry_on_error=[RedisConnectionError, RedisTimeoutError],
    )
    return client


@contextmanager
def translated() -> Iterator[None]:
    """Convert errors of the Redis client to `StoreUnavailableError`."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise StoreUnavailableError(STORE, error) from error
