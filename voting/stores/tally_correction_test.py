"""Corrections of the tally in a real Redis."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from harness.servers.redis_server import RedisServer
from voting.domain.tally import Tally, tally_of
from voting.domain.vote import Route
from voting.stores.errors import NO_POSITION
from voting.stores.tally_correction import CorrectableTally, Move, Replacement
from voting.stores.tally_fields import POLL_FIELDS, counter_fields
from voting.stores.tally_store import TALLY_KEY, TallyMove
from voting.testing.examples import vote_with

pytest_plugins = ["harness.testing.fixtures"]

DELTA = tally_of([vote_with(rank=10), vote_with(rank=20, route=Route.GRPC)])
[ALBUM] = DELTA.albums
VOTES, RANK_SUM = (
    field for field in sorted(counter_fields(DELTA), reverse=True) if not field.startswith("r:")
)


@pytest.fixture
async def redis(redis_server: RedisServer) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_server.url, decode_responses=True)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
async def tally(redis_server: RedisServer, redis: Redis) -> AsyncIterator[CorrectableTally]:
    tally = CorrectableTally(redis_server.url)
    await tally.advance([TallyMove(3, NO_POSITION, "1:b", DELTA)])
    yield tally
    await tally.close()


async def counted(tally: CorrectableTally) -> tuple[int, int]:
    album = (await tally.read()).albums[ALBUM]
    return album.votes, album.rank_sum


async def test_a_correction_keeps_votes_counted_meanwhile(tally: CorrectableTally) -> None:
    await tally.mark("token")
    await tally.advance([TallyMove(3, "1:b", "3:d", DELTA)])
    assert await tally.correct("token", {VOTES: 5, RANK_SUM: -1}, [])
    assert await counted(tally) == (9, 59)
    assert (await tally.read()).positions == {3: "3:d"}


async def test_a_hash_that_was_lost_meanwhile_is_left_alone(
    tally: CorrectableTally, redis: Redis
) -> None:
    await tally.mark("token")
    await redis.delete(TALLY_KEY)
    await tally.advance([TallyMove(3, NO_POSITION, "1:b", DELTA)])
    assert not await tally.correct("token", {VOTES: 5}, [])
    assert await counted(tally) == (2, 30)


async def test_another_mark_is_respected(tally: CorrectableTally) -> None:
    await tally.mark("first")
    await tally.mark("second")
    assert not await tally.correct("first", {VOTES: 5}, [])
    await tally.unmark("first")
    assert await tally.correct("second", {VOTES: 5}, [])


async def test_counters_corrected_to_zero_are_removed(
    tally: CorrectableTally, redis: Redis
) -> None:
    await redis.hset(TALLY_KEY, mapping={"v:wrong": "nonsense", "r:ftp": "7", "@x": "?"})
    await tally.mark("token")
    assert await tally.correct("token", {"v:wrong": 0, "r:ftp": -7, "@x": 0}, [])
    assert await redis.hkeys(TALLY_KEY) == [*(await tally.fields())]
    assert (await tally.read()).votes == 2


async def test_an_unreadable_counter_is_corrected(tally: CorrectableTally, redis: Redis) -> None:
    await redis.hset(TALLY_KEY, VOTES, "nonsense")
    await tally.mark("token")
    assert await tally.correct("token", {VOTES: 2}, [])
    assert await counted(tally) == (2, 30)


async def test_a_partition_moves_unless_a_consumer_moved_it(tally: CorrectableTally) -> None:
    await tally.mark("token")
    await tally.advance([TallyMove(4, NO_POSITION, "1:x", DELTA)])
    counters = counter_fields(DELTA)
    moves = [Move(3, "1:b", "5:f", counters), Move(4, "", "9:z", counters)]
    assert await tally.correct("token", {}, [*moves, Move(5, "", "2:c", counters)])
    assert (await tally.read()).positions == {3: "5:f", 4: "1:x", 5: "2:c"}
    assert await counted(tally) == (8, 120)


async def test_fields_of_polls_are_counted_anew(tally: CorrectableTally, redis: Redis) -> None:
    best = tally_of([vote_with(poll="best", entry="moon", poll_event=1)])
    worst = tally_of([vote_with(poll="worst", entry=entry, poll_event=1) for entry in ("a", "b")])
    await tally.advance([TallyMove(4, NO_POSITION, "1:x", best)])
    await redis.hset(TALLY_KEY, mapping={POLL_FIELDS: 70, "p:wrong\x1fv:a": "nonsense"})
    await tally.mark("token")
    move = Move(3, "1:b", "2:c", counter_fields(worst))
    assert await tally.correct("token", {"p:wrong\x1fv:a": 0}, [move])
    assert (await tally.read()).polls == best.polls | worst.polls
    assert await redis.hget(TALLY_KEY, POLL_FIELDS) == "8"
    await tally.mark("token")
    gone = {field: -n for field, n in counter_fields(best).items()}
    gone |= {field: -n for field, n in counter_fields(worst).items()}
    assert await tally.correct("token", gone, [])
    assert set(await redis.hkeys(TALLY_KEY)) == {"@3", "@4", *counter_fields(DELTA)}


async def test_what_is_no_counter_is_replaced_unless_it_changed(
    tally: CorrectableTally, redis: Redis
) -> None:
    stored: dict[Any, Any] = {"p:a\x1fx": "1 {}", "p:b\x1fx": "2 {}", "p:c\x1fx": "3 {}"}
    await redis.hset(TALLY_KEY, mapping=stored)
    await tally.mark("token")
    replacements = [
        Replacement("p:a\x1fx", "1 {}", "5 {}"),
        Replacement("p:b\x1fx", "2 {}", ""),
        Replacement("p:c\x1fx", "1 {}", "5 {}"),
        Replacement("p:d\x1fx", "", "4 {}"),
    ]
    assert await tally.correct("token", {}, [Move(4, "", "1:x", {})], replacements)
    found = {field: value for field, value in (await tally.fields()).items() if field[0] == "p"}
    assert found == {"p:a\x1fx": "5 {}", "p:c\x1fx": "3 {}", "p:d\x1fx": "4 {}"}
    assert await redis.hget(TALLY_KEY, POLL_FIELDS) == "3"


async def test_more_counters_than_fit_into_one_command(tally: CorrectableTally) -> None:
    many = tally_of([vote_with(album=f"Album {number}") for number in range(9000)])
    await tally.mark("token")
    assert await tally.correct("token", counter_fields(many), [])
    assert (await tally.read()).votes == 9002


async def test_nothing_is_left_behind(tally: CorrectableTally, redis: Redis) -> None:
    await tally.mark("token")
    await tally.correct("token", {VOTES: 1}, [Move(3, "1:b", "2:c", {VOTES: 1})])
    await tally.unmark("token")
    assert await redis.keys("*") == [TALLY_KEY]
    assert set(await redis.hkeys(TALLY_KEY)) == {*counter_fields(DELTA), "@3"}


async def test_an_empty_tally_stays_empty(tally: CorrectableTally, redis: Redis) -> None:
    await redis.delete(TALLY_KEY)
    await tally.mark("token")
    assert await tally.correct("token", {}, [])
    assert await tally.read() == Tally()
    await tally.unmark("token")
    assert await redis.keys("*") == []
