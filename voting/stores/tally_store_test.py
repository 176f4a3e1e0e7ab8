"""The tally in a real Redis."""

from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from harness.servers.redis_server import RedisServer
from voting.client.samples import poll_fields
from voting.domain.tally import EntryTally, Tally, tally_of
from voting.domain.vote import Route
from voting.polls.excluded import Excluded
from voting.stores.errors import NO_POSITION, StoreUnavailableError
from voting.stores.tally_exclusion import Exclusion, read_exclusion
from voting.stores.tally_fields import POLL_FIELDS, counter_fields, exclusion_field
from voting.stores.tally_store import MAX_COUNTERS, MAX_VOTES, TALLY_KEY, TallyMove, TallyStore
from voting.testing.examples import vote_with

pytest_plugins = ["harness.testing.fixtures"]

DELTA = tally_of([vote_with(rank=10), vote_with(rank=20, route=Route.GRPC)])


@pytest.fixture
async def redis(redis_server: RedisServer) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_server.url, decode_responses=True)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
async def store(redis_server: RedisServer, redis: Redis) -> AsyncIterator[TallyStore]:
    store = TallyStore(redis_server.url)
    yield store
    await store.close()


def written(server: RedisServer) -> bytes:
    """Return the contents of the server's append-only file beyond its base."""
    [file] = server.data.rglob("*.incr.aof")
    return file.read_bytes()


async def test_counters_and_position_move_together(store: TallyStore) -> None:
    assert await store.advance([TallyMove(3, NO_POSITION, "1:b", DELTA)]) == ["1:b"]
    assert await store.advance([TallyMove(3, "1:b", "3:d", DELTA)]) == ["3:d"]
    tally = await store.read()
    assert [(album.votes, album.rank_sum) for album in tally.albums.values()] == [(4, 60)]
    assert tally.routes == {Route.HTTP: 2, Route.GRPC: 2}
    assert tally.positions == {3: "3:d"}


async def test_the_votes_of_the_routes_can_be_read_alone(store: TallyStore) -> None:
    assert await store.route_votes() == {Route.GRPC: 0, Route.HTTP: 0}
    await store.advance([TallyMove(3, NO_POSITION, "1:b", DELTA)])
    assert await store.route_votes() == (await store.read()).routes


async def test_a_stale_call_changes_nothing_and_returns_the_position(store: TallyStore) -> None:
    await store.advance([TallyMove(3, NO_POSITION, "1:b", DELTA)])
    before = await store.read()
    assert await store.advance([TallyMove(3, NO_POSITION, "9:z", DELTA)]) == ["1:b"]
    assert await store.advance([TallyMove(3, "0:a", "9:z", DELTA)]) == ["1:b"]
    assert await store.read() == before


async def test_repeating_a_call_is_harmless(store: TallyStore) -> None:
    await store.advance([TallyMove(3, NO_POSITION, "1:b", DELTA)])
    assert await store.advance([TallyMove(3, NO_POSITION, "1:b", DELTA)]) == ["1:b"]
    assert (await store.read()).votes == 2


async def test_partitions_have_positions_of_their_own(store: TallyStore) -> None:
    await store.advance([TallyMove(0, NO_POSITION, "1:b", DELTA)])
    assert await store.positions([0, 1]) == {0: "1:b", 1: NO_POSITION}
    assert await store.positions([]) == {}


async def test_the_position_passes_records_that_do_not_count(store: TallyStore) -> None:
    assert await store.advance([TallyMove(3, NO_POSITION, "7:x", Tally())]) == ["7:x"]
    assert (await store.read()).votes == 0


async def test_a_batch_in_which_every_album_differs_fits(store: TallyStore) -> None:
    votes = [vote_with(album=f"Album {number}", rank=100) for number in range(MAX_VOTES)]
    for position, expected in (("999:a", NO_POSITION), ("1999:b", "999:a")):
        move = TallyMove(3, expected, position, tally_of(votes))
        assert await store.advance([move]) == [position]
    tally = await store.read()
    assert len(tally.albums) == MAX_VOTES
    assert {(a.votes, a.rank_sum) for a in tally.albums.values()} == {(2, 200)}


async def test_a_batch_of_nothing_but_different_polls_fits(store: TallyStore, redis: Redis) -> None:
    votes = [
        vote_with(poll=f"poll-{number}", entry="e", poll_event=1) for number in range(MAX_VOTES)
    ]
    assert len(counter_fields(tally_of(votes))) == 3 * MAX_VOTES
    for position, expected in (("999:a", NO_POSITION), ("1999:b", "999:a")):
        move = TallyMove(3, expected, position, tally_of(votes))
        assert await store.advance([move]) == [position]
    tally = await store.read()
    assert len(tally.polls) == MAX_VOTES
    assert {poll.votes for poll in tally.polls.values()} == {2}
    assert await redis.hget(TALLY_KEY, POLL_FIELDS) == str(3 * MAX_VOTES)


async def test_a_call_with_the_most_counters_fits_and_counts_the_fields_of_polls(
    store: TallyStore, redis: Redis
) -> None:
    most = Tally()
    for number in range(MAX_COUNTERS // 3):
        most.poll(f"poll-{number}").add("e", 1, 1, Route.HTTP)
    assert len(counter_fields(most)) == MAX_COUNTERS
    assert await store.advance([TallyMove(3, NO_POSITION, "1:b", most)]) == ["1:b"]
    assert await redis.hget(TALLY_KEY, POLL_FIELDS) == str(MAX_COUNTERS)


async def test_what_an_older_version_stored_goes_on_and_stays_as_it_is(
    store: TallyStore, redis: Redis
) -> None:
    stored: dict[Any, Any] = {
        "r:http": "2",
        "v:a\x1fb\x1f1999": "2",
        "s:a\x1fb\x1f1999": "30",
        "@3": "1:b",
    }
    await redis.hset(TALLY_KEY, mapping=stored)
    delta = tally_of([vote_with(poll="best", entry="moon", poll_event=1, rank=7)])
    assert await store.advance([TallyMove(3, "1:b", "2:c", delta)]) == ["2:c"]
    of_poll = {"p:best\x1fr:http": "1", "p:best\x1fv:moon": "1", "p:best\x1fs:moon": "7"}
    now = stored | of_poll | {"@3": "2:c", POLL_FIELDS: "3"}
    assert await redis.hgetall(TALLY_KEY) == now
    assert await store.advance([TallyMove(3, "2:c", "3:d", tally_of([vote_with()]))]) == ["3:d"]
    assert (await store.read()).polls == delta.polls


async def test_a_call_without_polls_writes_no_field_for_them(
    store: TallyStore, redis: Redis
) -> None:
    await store.advance([TallyMove(3, NO_POSITION, "1:b", DELTA)])
    assert set(await redis.hkeys(TALLY_KEY)) == {"@3", *counter_fields(DELTA)}


async def test_the_votes_of_the_routes_in_one_poll_can_be_had_alone(store: TallyStore) -> None:
    delta = tally_of([vote_with(**poll_fields(number)) for number in range(3)] + [vote_with()])
    await store.advance([TallyMove(3, NO_POSITION, "1:b", delta)])
    assert await store.route_votes() == {Route.GRPC: 0, Route.HTTP: 2}
    assert await store.route_votes("2026") == {Route.GRPC: 0, Route.HTTP: 1}


async def test_partitions_move_together_each_from_its_own_position(
    store: TallyStore, redis: Redis
) -> None:
    await store.advance([TallyMove(4, NO_POSITION, "5:e", DELTA)])
    both = tally_of([vote_with(rank=1), vote_with(rank=1, poll="best", entry="e", poll_event=1)])
    moves = [
        TallyMove(3, NO_POSITION, "1:b", both),
        TallyMove(4, "4:d", "9:z", both),  # it is at 5:e
        TallyMove(0, NO_POSITION, "7:x", both),
    ]
    assert await store.advance(moves) == ["1:b", "5:e", "7:x"]
    tally = await store.read()
    assert tally.positions == {0: "7:x", 3: "1:b", 4: "5:e"}
    assert [(album.votes, album.rank_sum) for album in tally.albums.values()] == [(4, 32)]
    assert tally.polls["best"].entries == {"e": EntryTally(2, 2)}
    assert await redis.hget(TALLY_KEY, POLL_FIELDS) == "3"


async def test_moves_that_are_all_stale_write_nothing(
    redis_server: RedisServer, store: TallyStore, redis: Redis
) -> None:
    await redis.config_set("appendfsync", "always")
    before = written(redis_server)
    moves = [TallyMove(number, "4:d", "9:z", DELTA) for number in range(3)]
    assert await store.advance(moves) == [NO_POSITION] * 3
    assert written(redis_server) == before


async def test_the_most_votes_each_in_a_poll_and_a_partition_of_its_own_fit(
    store: TallyStore,
) -> None:
    moves = [
        TallyMove(
            number,
            NO_POSITION,
            "0:a",
            tally_of([vote_with(poll=f"poll-{number}", entry="e", poll_event=1)]),
        )
        for number in range(MAX_VOTES)
    ]
    assert await store.advance(moves) == ["0:a"] * MAX_VOTES
    tally = await store.read()
    assert len(tally.positions) == len(tally.polls) == MAX_VOTES


async def test_large_counts_stay_exact(store: TallyStore, redis: Redis) -> None:
    await redis.hset(TALLY_KEY, "r:http", str(2**53 - 2))
    await store.advance([TallyMove(3, NO_POSITION, "1:b", DELTA)])
    assert (await store.read()).routes[Route.HTTP] == 2**53 - 1


async def test_a_batch_is_one_write_command(
    redis_server: RedisServer, store: TallyStore, redis: Redis
) -> None:
    # A crash could leave some of several commands in the append-only file without the others.
    await redis.config_set("appendfsync", "always")
    before = len(written(redis_server))
    delta = tally_of([vote_with(**poll_fields(number)) for number in range(6)])
    await store.advance([TallyMove(p, NO_POSITION, "1:b", delta) for p in range(3)])
    words = written(redis_server)[before:].split(b"\r\n")
    assert [word for word in words if word.isalpha() and word.isupper()] == [b"HSET"]


IN_POLL = tally_of([vote_with(poll="best", entry="moon", poll_event=1, rank=7)])
TAKEN = Excluded({2: IN_POLL.polls["best"]})
FIELD = exclusion_field("best")


async def stored_exclusion(redis: Redis) -> Exclusion:
    return read_exclusion(cast("str | None", await redis.hget(TALLY_KEY, FIELD)))


async def test_what_rulings_take_is_replaced_and_a_newer_version_stays(
    store: TallyStore, redis: Redis
) -> None:
    await store.advance([TallyMove(0, NO_POSITION, "4:e", IN_POLL)])
    assert await store.exclusion_versions(["best", "other"]) == {"best": 0, "other": 0}
    for exclusion in (Exclusion(8, TAKEN), Exclusion(11, Excluded())):
        assert await store.exclude("best", exclusion, [5])
        assert await stored_exclusion(redis) == exclusion
        assert await store.exclusion_versions(["best"]) == {"best": exclusion.version}
        assert await redis.hget(TALLY_KEY, POLL_FIELDS) == "4"
    assert not await store.exclude("best", Exclusion(10, TAKEN), [5])
    assert await stored_exclusion(redis) == Exclusion(11, Excluded())
    assert (await store.read()).polls == IN_POLL.polls
    assert await store.exclusion_versions([]) == {}


async def test_what_rulings_take_waits_until_all_partitions_are_counted(store: TallyStore) -> None:
    await store.advance([TallyMove(0, NO_POSITION, "4:e", IN_POLL)])
    assert not await store.exclude("best", Exclusion(8, TAKEN), [6])
    assert not await store.exclude("best", Exclusion(8, TAKEN), [5, 1])
    await store.advance([TallyMove(1, NO_POSITION, "0:a", IN_POLL)])
    assert await store.exclude("best", Exclusion(8, TAKEN), [5, 1, 0])


async def test_what_is_damaged_counts_as_missing(store: TallyStore, redis: Redis) -> None:
    await store.advance([TallyMove(0, NO_POSITION, "4:e", IN_POLL)])
    for damage in ("", "99", "{}", "9x {}", "99 {"):
        await redis.hset(TALLY_KEY, FIELD, damage)
        assert await store.exclusion_versions(["best"]) == {}
        assert await store.exclude("best", Exclusion(10, TAKEN), [5])
        assert await store.exclusion_versions(["best"]) == {"best": 10}


async def test_replacing_what_rulings_take_is_one_write_command(
    redis_server: RedisServer, store: TallyStore, redis: Redis
) -> None:
    await redis.config_set("appendfsync", "always")
    before = len(written(redis_server))
    await store.exclude("best", Exclusion(8, TAKEN), [])
    words = written(redis_server)[before:].split(b"\r\n")
    assert [word for word in words if word.isalpha() and word.isupper()] == [b"HSET"]


async def test_a_redis_that_is_away_is_named_and_used_again_later(
    redis_server: RedisServer, store: TallyStore
) -> None:
    await store.advance([TallyMove(3, NO_POSITION, "1:b", DELTA)])
    redis_server.stop()
    try:
        with pytest.raises(StoreUnavailableError, match="Redis is not available"):
            await store.read()
        with pytest.raises(StoreUnavailableError):
            await store.advance([TallyMove(3, "1:b", "2:c", DELTA)])
    finally:
        redis_server.start()
    assert await store.advance([TallyMove(3, "1:b", "2:c", DELTA)]) == ["2:c"]


async def test_a_redis_that_refuses_writes_is_unavailable(store: TallyStore, redis: Redis) -> None:
    await redis.config_set("maxmemory", "1")
    try:
        with pytest.raises(StoreUnavailableError, match="command not allowed"):
            await store.advance([TallyMove(3, NO_POSITION, "1:b", DELTA)])
    finally:
        await redis.config_set("maxmemory", "256mb")
