"""The vote log in a real server of MongoDB's protocol."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from pymongo import MongoClient

from harness.servers.mongodb_server import MongodbServer
from voting.client.samples import poll_fields
from voting.domain.tally import PollTally, Tally, tally_of
from voting.domain.vote import Route, Vote, new_vote_id
from voting.stores import log_slices
from voting.stores.errors import NO_POSITION, StoreUnavailableError
from voting.stores.log_slices import SliceSum
from voting.stores.logged_vote import Place, to_document
from voting.stores.vote_log import LogMove, StoredPosition, VoteLog
from voting.stores.vote_log_reader import NEWEST_MAX
from voting.testing.examples import vote_with

pytest_plugins = ["harness.testing.fixtures"]

PARTITION = 3


@pytest.fixture
async def log(mongodb: MongodbServer) -> AsyncIterator[VoteLog]:
    with MongoClient[dict[str, object]](mongodb.url) as client:
        client["voting"]["votes"].drop()
    log = VoteLog(mongodb.url, "voting")
    await log.ensure_indexes()
    yield log
    log.close()


def votes_of(count: int) -> list[Vote]:
    """Return votes, three of which were cast in each millisecond."""
    return [
        vote_with(id=new_vote_id(PARTITION), album=f"Album {n % 5}", rank=n + 1,
                  route=list(Route)[n % 2], cast_at_ms=1_764_000_000_000 + n // 3)
        for n in range(count)
    ]  # fmt: skip


def in_polls(count: int) -> list[Vote]:
    """Return votes in two polls and in none."""
    return [
        msgspec.structs.replace(vote, **poll_fields(number))
        for number, vote in enumerate(votes_of(count))
    ]


async def store(log: VoteLog, votes: list[Vote], start: int = 0) -> list[str]:
    return await log.insert(
        [to_document(vote, PARTITION, start + index) for index, vote in enumerate(votes)]
    )


async def test_votes_are_found_by_their_ids(log: VoteLog) -> None:
    votes = votes_of(3)
    assert await store(log, votes) == []
    found = await log.find([*(vote.id for vote in votes), new_vote_id(0)])
    assert {
        vote_id: (v.vote.album, v.vote.rank, v.place.offset) for vote_id, v in found.items()
    } == {vote.id: (vote.album, vote.rank, offset) for offset, vote in enumerate(votes)}


async def test_many_votes_are_found_at_once(log: VoteLog) -> None:
    votes = votes_of(2001)
    await store(log, votes)
    assert len(await log.find([vote.id for vote in votes])) == 2001
    assert await log.find([]) == {}


async def test_a_known_id_is_refused_and_the_rest_of_the_batch_stored(log: VoteLog) -> None:
    votes = votes_of(5)
    await store(log, votes[1:3])
    assert await store(log, votes, start=10) == [votes[1].id, votes[2].id]
    assert await log.places([vote.id for vote in votes]) == {
        vote.id: Place(PARTITION, offset)
        for vote, offset in zip(votes, [10, 0, 1, 13, 14], strict=True)
    }
    assert await store(log, []) == []


async def test_only_a_later_copy_is_replaced(log: VoteLog) -> None:
    votes = votes_of(3)
    await store(log, votes, start=10)
    await log.rewrite([to_document(vote, PARTITION, 11) for vote in votes])
    offsets = [place.offset for place in (await log.places([v.id for v in votes])).values()]
    assert sorted(offsets) == [10, 11, 11]


async def test_a_rewritten_vote_is_replaced_as_a_whole(log: VoteLog) -> None:
    [late] = votes_of(1)
    await store(log, [late], start=10)
    await log.rewrite([to_document(vote_with(id=late.id, album="First"), PARTITION, 4)])
    [found] = (await log.find([late.id])).values()
    assert (found.vote.album, found.vote.rank, found.place.offset) == ("First", 29, 4)
    assert [entry.id for entry in await log.newest(10)] == [late.id]


async def test_pages_run_from_newest_to_oldest_without_gaps_or_repetition(
    log: VoteLog,
) -> None:
    votes = votes_of(20)
    await store(log, votes)
    await log.claim(PARTITION, "owner", 6)
    expected = sorted(votes, key=lambda vote: (vote.cast_at_ms, vote.id), reverse=True)
    page, seen = await log.newest(7), []
    while page:
        seen += page
        page = await log.newest(7, after=page[-1].cursor)
    assert [vote.id for vote in seen] == [vote.id for vote in expected]


async def test_the_newest_vote_is_the_one_that_arrived_last_whatever_the_clocks(
    log: VoteLog,
) -> None:
    ahead, late, early = votes_of(3)
    ahead = vote_with(id=ahead.id, cast_at_ms=late.cast_at_ms + 3_000_000)
    documents = [
        to_document(early, PARTITION, 0, arrived_at_ms=1),
        to_document(ahead, PARTITION, 1, arrived_at_ms=2),
        to_document(late, PARTITION, 2, arrived_at_ms=3),
    ]
    await log.insert(documents)
    assert [vote.id for vote in await log.newest(10)] == [late.id, ahead.id, early.id]


async def test_the_newest_votes_are_of_the_open_poll_alone(log: VoteLog) -> None:
    votes = in_polls(30)
    await store(log, votes)
    of_none = [vote.id for vote in votes if not vote.poll]
    page = await log.newest(4)
    rest = await log.newest(100, after=page[-1].cursor)
    assert {logged.id for logged in (*page, *rest)} == set(of_none)
    assert len(page) + len(rest) == len(of_none) == 10


async def test_every_vote_of_every_poll_can_be_had(
    log: VoteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voting.stores.vote_log.NEWEST_MAX", 7)
    votes = in_polls(30)
    await store(log, votes, start=4)
    await log.claim(PARTITION, "owner", 6)
    found = [logged async for logged in log.all_votes()]
    assert len(found) == 30
    assert {logged.id: logged.vote for logged in found} == {vote.id: vote for vote in votes}
    assert {logged.place.offset for logged in found} == set(range(4, 34))


async def test_the_tally_of_the_log_keeps_polls_entries_and_routes_apart(log: VoteLog) -> None:
    votes = in_polls(60)
    await store(log, votes)
    assert await log.tally() == tally_of(votes)
    assert {*tally_of(votes).polls} == {"album-of-the-year", "2026"}
    assert await log.count() == 60
    assert (await log.sum_up(PARTITION, 9, 20)).tally == tally_of(votes[10:21])


async def test_a_poll_is_added_up_alone(log: VoteLog) -> None:
    votes = in_polls(60)
    await store(log, votes, start=100)
    await log.insert([to_document(vote_with(id=new_vote_id(0), **poll_fields(1)), 0, 120)])
    for poll in ("album-of-the-year", "2026"):
        found = await log.sum_up_poll(poll, PARTITION, 109, 140)
        assert found == tally_of(v for v in votes[10:41] if v.poll == poll).polls[poll]
        offsets = [100 + n for n, vote in enumerate(votes) if vote.poll == poll]
        following = [await log.next_in_poll(poll, PARTITION, at, 500) for at in (-1, *offsets)]
        assert following == [*offsets, None]
        assert await log.next_in_poll(poll, PARTITION, offsets[3], offsets[4] - 1) is None
    assert await log.sum_up_poll("other", PARTITION, -1, 500) == PollTally()


@pytest.mark.parametrize("limit", [-1, 0, NEWEST_MAX + 1, 199_999_999])
async def test_the_whole_log_cannot_be_read_at_once(log: VoteLog, limit: int) -> None:
    with pytest.raises(ValueError, match="limit must be from 1 to 1000"):
        await log.newest(limit)


async def test_the_tally_of_the_log_counts_every_vote_and_no_position(log: VoteLog) -> None:
    votes = votes_of(20)
    await store(log, votes)
    await log.claim(PARTITION, "owner", 6)
    tally, expected = await log.tally(), tally_of(votes)
    assert (tally.albums, tally.routes) == (expected.albums, expected.routes)
    assert tally.positions == {}
    assert await log.count() == 20


async def test_a_slice_is_the_votes_of_one_partition_between_two_offsets(log: VoteLog) -> None:
    votes = votes_of(20)
    await store(log, votes, start=100)
    await log.insert([to_document(vote_with(id=new_vote_id(0)), 0, 110)])
    found, expected = await log.sum_up(PARTITION, 104, 110), tally_of(votes[5:11])
    assert (found.tally.albums, found.tally.routes) == (expected.albums, expected.routes)
    assert found.last == 110
    assert (await log.sum_up(PARTITION, 115, 500)).last == 119
    assert await log.sum_up(PARTITION, 119, 500) == SliceSum(Tally(), None)


async def test_the_vote_at_a_place_is_found(log: VoteLog) -> None:
    votes = votes_of(3)
    await store(log, votes, start=100)
    assert await log.id_at(Place(PARTITION, 101)) == votes[1].id
    assert await log.id_at(Place(PARTITION, 103)) is None
    assert await log.id_at(Place(0, 101)) is None


async def test_the_tally_of_the_log_is_added_up_slice_by_slice(
    log: VoteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_slices, "SLICE_OFFSETS", 7)
    votes = votes_of(20)
    await store(log, votes, start=3)
    others = [vote_with(id=new_vote_id(0)), vote_with(id=new_vote_id(0))]
    await log.insert([to_document(v, 0, 6 + i) for i, v in enumerate(others)])
    tally, expected = await log.tally(), tally_of([*votes, *others])
    assert (tally.albums, tally.routes) == (expected.albums, expected.routes)


async def test_slices_have_an_index(mongodb: MongodbServer, log: VoteLog) -> None:
    await log.ensure_indexes()  # creating them again is harmless
    with MongoClient[dict[str, object]](mongodb.url) as client:
        keys = [list(index["key"]) for index in client["voting"]["votes"].list_indexes()]
    assert keys == [["_id"], ["cast_key"], ["partition", "offset"]]


async def test_an_empty_log_is_empty(log: VoteLog) -> None:
    assert await log.newest(5) == []
    assert await log.count() == 0
    assert (await log.tally()).votes == 0
    assert await log.positions([0, 1]) == {}


async def test_only_the_last_to_claim_a_partition_moves_its_position(log: VoteLog) -> None:
    first = await log.claim(PARTITION, "first", 6)
    assert first == StoredPosition(NO_POSITION, "first", 6)
    assert await log.advance([LogMove(PARTITION, "first", NO_POSITION, "4:e")])
    second = await log.claim(PARTITION, "second", 12)
    assert second == StoredPosition("4:e", "second", 6)  # the number of partitions is the first one
    assert not await log.advance([LogMove(PARTITION, "first", "4:e", "5:f")])
    assert not await log.advance([LogMove(PARTITION, "second", NO_POSITION, "5:f")])
    assert await log.advance([LogMove(PARTITION, "second", "4:e", "5:f")])
    assert await log.positions([PARTITION, 0]) == {PARTITION: StoredPosition("5:f", "second", 6)}


async def test_partitions_are_moved_together_and_those_elsewhere_are_left_out(
    log: VoteLog,
) -> None:
    for partition in range(3):
        await log.claim(partition, "owner", 6)
    await log.claim(1, "another", 6)
    assert await log.advance([LogMove(p, "owner", NO_POSITION, "4:e") for p in range(4)]) == 2
    stored = await log.positions(range(4))
    assert [stored[p].position for p in stored] == ["4:e", NO_POSITION, "4:e"]


async def test_the_fence_holds_for_an_unchanged_position_too(log: VoteLog) -> None:
    await log.claim(PARTITION, "owner", 6)
    await log.advance([LogMove(PARTITION, "owner", NO_POSITION, "4:e")])
    assert await log.advance([LogMove(PARTITION, "owner", "4:e", "4:e")])


async def test_a_lost_position_is_never_recreated(log: VoteLog) -> None:
    assert not await log.advance([LogMove(PARTITION, "owner", NO_POSITION, "4:e")])
    assert await log.positions([PARTITION]) == {}


async def test_a_log_that_is_away_is_named_and_used_again_later(
    mongodb: MongodbServer, log: VoteLog
) -> None:
    votes = votes_of(2)
    await store(log, votes)
    mongodb.stop()
    try:
        with pytest.raises(StoreUnavailableError, match="MongoDB is not available"):
            await store(log, votes)
    finally:
        mongodb.start()
    assert await log.count() == 2
