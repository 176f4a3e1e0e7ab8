"""Read-only access to the tally in a real Redis."""

from collections.abc import AsyncIterator
from itertools import batched

import msgspec
import pytest
from redis.asyncio import Redis

from harness.servers.redis_server import RedisServer
from voting.domain.tally import PollTally, album_key, album_of_key, entry_key, tally_of
from voting.domain.vote import Route, Vote
from voting.polls.definition import COUNTS_MAX, ENTRIES_MAX
from voting.polls.excluded import Excluded, net
from voting.stores.errors import NO_POSITION, StoreUnavailableError
from voting.stores.tally_exclusion import NOTHING_EXCLUDED, Exclusion
from voting.stores.tally_fields import exclusion_field
from voting.stores.tally_reader import (
    COMMANDS,
    SLICE_FIELDS,
    STANDINGS_PER_CALL,
    TALLY_KEY,
    Pulse,
    TallyReader,
)
from voting.stores.tally_store import TallyMove, TallyStore
from voting.testing.examples import vote_with

pytest_plugins = ["harness.testing.fixtures"]

USER, PASSWORD = "page", "a"


@pytest.fixture
async def redis(redis_server: RedisServer) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_server.url, decode_responses=True)
    await client.flushall()
    # A user with exactly the rights that the reader needs.
    await client.acl_setuser(
        USER,
        enabled=True,
        reset=True,
        passwords=[f"+{PASSWORD}"],
        keys=[TALLY_KEY],
        categories=["+@connection"],
        commands=[f"+{command}" for command in COMMANDS],
    )
    yield client
    await client.acl_deluser(USER)
    await client.aclose()


@pytest.fixture
async def reader(redis_server: RedisServer, redis: Redis) -> AsyncIterator[TallyReader]:
    reader = TallyReader(redis_server.url.replace("://", f"://{USER}:{PASSWORD}@"))
    yield reader
    await reader.close()


@pytest.fixture
async def store(redis_server: RedisServer, redis: Redis) -> AsyncIterator[TallyStore]:
    store = TallyStore(redis_server.url)
    yield store
    await store.close()


def votes_of(albums: int) -> list[Vote]:
    """Return a vote for each of these albums."""
    return [
        vote_with(album=f"Album {n}", rank=n % 100 + 1, route=list(Route)[n % 2])
        for n in range(albums)
    ]


async def all_slices(reader: TallyReader) -> list[dict[bytes, int]]:
    found, begin = [], 0
    while True:
        votes, begin = await reader.albums(begin)
        found.append(votes)
        if begin == 0:
            return found


async def test_an_empty_tally_has_nothing_to_read(reader: TallyReader) -> None:
    assert await reader.pulse() == Pulse({Route.GRPC: 0, Route.HTTP: 0}, 0)
    assert await all_slices(reader) == [{}]
    assert (await reader.standings([b"none"])).counts == [None]


async def test_every_vote_shows_in_the_pulse(reader: TallyReader, store: TallyStore) -> None:
    before = await reader.pulse()
    await store.advance([TallyMove(0, NO_POSITION, "0:a", tally_of(votes_of(1)))])
    first = await reader.pulse()
    await store.advance([TallyMove(0, "0:a", "1:b", tally_of(votes_of(1)))])
    second = await reader.pulse()
    assert len({str(pulse) for pulse in (before, first, second)}) == 3
    assert await reader.pulse() == second


async def test_a_small_tally_is_one_slice(reader: TallyReader, store: TallyStore) -> None:
    votes = votes_of(60)
    await store.advance([TallyMove(0, NO_POSITION, "59:a", tally_of(votes))])
    [found] = await all_slices(reader)
    assert found == {album_key(vote.name, vote.album, vote.year): 1 for vote in votes}


async def test_the_slices_of_a_large_tally_contain_every_album(
    reader: TallyReader, store: TallyStore
) -> None:
    at, votes = NO_POSITION, votes_of(5000)
    for start in range(0, 5000, 1000):
        position = f"{start}:a"
        await store.advance([TallyMove(0, at, position, tally_of(votes[start : start + 1000]))])
        at = position
    found = await all_slices(reader)
    assert len(found) > 5000 // SLICE_FIELDS
    assert max(map(len, found)) <= SLICE_FIELDS
    albums = {album_of_key(key) for votes in found for key in votes}
    assert albums == {(vote.name, vote.album, vote.year) for vote in votes}


async def test_the_standings_of_albums_and_routes_are_from_one_moment(
    reader: TallyReader, store: TallyStore
) -> None:
    votes = votes_of(STANDINGS_PER_CALL)
    await store.advance([TallyMove(0, NO_POSITION, "9:a", tally_of(votes))])
    keys = [album_key(vote.name, vote.album, vote.year) for vote in votes]
    standings = await reader.standings(keys)
    assert standings.counts == [(1, vote.rank) for vote in votes]
    assert standings.routes == (await reader.pulse()).routes
    with pytest.raises(ValueError, match="too many for one call"):
        await reader.standings([*keys, b"x"])


def in_poll(poll: str, count: int) -> list[Vote]:
    """Return a vote for each of so many entries of a poll."""
    return [
        vote_with(
            poll=poll, entry=f"e{n}", poll_event=1, rank=n % 100 + 1, route=list(Route)[n % 2]
        )
        for n in range(count)
    ]


async def test_a_poll_is_read_alone(reader: TallyReader, store: TallyStore) -> None:
    polls = {poll: in_poll(poll, count) for poll, count in {"best": 3, "best-of": 2}.items()}
    votes = [vote for votes in polls.values() for vote in votes]
    await store.advance([TallyMove(0, NO_POSITION, "0:a", tally_of([*votes_of(5), *votes]))])
    for poll, votes in polls.items():
        entries = [vote.entry for vote in votes]
        expected = tally_of(votes).polls[poll]
        assert (await reader.poll_standings(poll, [*entries, "without-votes"])).counted == expected
        part = (await reader.poll_standings(poll, ["e1"])).counted
        assert part.entries == {"e1": expected.entries["e1"]}
    assert await reader.poll_standings("other", ["e1"]) == (PollTally(), NOTHING_EXCLUDED)


async def test_what_rulings_take_is_read_with_the_counters(
    reader: TallyReader, store: TallyStore, redis: Redis
) -> None:
    taken = tally_of(in_poll("best", 2)).polls["best"]
    await store.advance([TallyMove(0, NO_POSITION, "4:a", tally_of(in_poll("best", 5)))])
    exclusion = Exclusion(7, Excluded({3: taken}))
    pulse = await reader.pulse()
    assert await store.exclude("best", exclusion, [5])
    assert await reader.pulse() == pulse
    standings = await reader.poll_standings("best", [f"e{n}" for n in range(5)])
    assert standings.exclusion == exclusion
    assert net(standings.counted, exclusion.excluded).entries.keys() == {"e2", "e3", "e4"}
    for damage in ("7 {", "x", '7 {"by_ruling":3}', "7"):
        await redis.hset(TALLY_KEY, exclusion_field("best"), damage)
        with pytest.raises(ValueError, match="what rulings take"):
            await reader.poll_standings("best", ["e0"])


async def test_the_largest_poll_is_read_at_once_and_no_larger_one(
    reader: TallyReader, store: TallyStore
) -> None:
    votes = [
        msgspec.structs.replace(vote, voter_class=number)
        for number in range(COUNTS_MAX // ENTRIES_MAX)
        for vote in in_poll("best", ENTRIES_MAX)
    ]
    position = NO_POSITION
    for number, batch in enumerate(batched(votes, 1000, strict=False)):
        before, position = position, f"{number}:a"
        assert await store.advance([TallyMove(0, before, position, tally_of(batch))]) == [position]
    keys = [entry_key(vote.entry, vote.voter_class) for vote in votes]
    assert (await reader.poll_standings("best", keys)).counted == tally_of(votes).polls["best"]
    with pytest.raises(ValueError, match="2001 keys are too many for one call"):
        await reader.poll_standings("best", [*keys, "one-more"])


async def test_votes_in_polls_leave_the_pulse_and_the_albums_alone(
    reader: TallyReader, store: TallyStore
) -> None:
    await store.advance([TallyMove(0, NO_POSITION, "0:a", tally_of(votes_of(5)))])
    before = await reader.pulse()
    assert before.fields == 2 * 5 + len(Route) + 1
    await store.advance([TallyMove(0, "0:a", "1:b", tally_of(in_poll("best", 40)))])
    await store.advance(
        [TallyMove(0, "1:b", "2:c", tally_of([*in_poll("best", 41), *in_poll("worst", 2)]))]
    )
    assert await reader.pulse() == before
    found = {key for votes in await all_slices(reader) for key in votes}
    assert found == {album_key(vote.name, vote.album, vote.year) for vote in votes_of(5)}


async def test_a_counter_that_is_not_a_number_is_an_error(
    reader: TallyReader, redis: Redis
) -> None:
    await redis.hset(TALLY_KEY, "v:a\x1fb\x1f1999", "many")
    with pytest.raises(ValueError, match="invalid literal"):
        await reader.albums(0)


async def test_reading_a_hanging_redis_times_out(
    redis_server: RedisServer, reader: TallyReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reader.pulse()
    monkeypatch.setattr("voting.stores.tally_reader.ANSWER_SECONDS", 0.1)
    redis_server.pause()
    try:
        with pytest.raises(StoreUnavailableError, match=r"no answer within 0\.1 s"):
            await reader.pulse()
    finally:
        redis_server.resume()


async def test_a_reader_has_no_way_to_write(reader: TallyReader) -> None:
    public = {name for name in dir(reader) if not name.startswith("_")}
    assert public == {"pulse", "albums", "standings", "poll_standings", "close"}
