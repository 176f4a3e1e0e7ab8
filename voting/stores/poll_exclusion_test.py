"""What rulings take, added up by a real server, against one vote after the other."""

from collections.abc import AsyncIterator, Sequence
from random import Random
from typing import Final, override
from uuid import UUID

import pytest
from pymongo import MongoClient

from harness.servers.mongodb_server import MongodbServer
from voting.client.samples import poll_fields
from voting.domain.tally import PollTally, entry_key
from voting.domain.vote import Route, Vote, new_vote_id
from voting.polls.excluded import Excluded, Rulings
from voting.polls.ruling import Between, OfClass, Ruling, Selection, VoteIds, vote_ids
from voting.stores.logged_vote import LoggedVote, to_document
from voting.stores.poll_exclusion import excluded_before, taken_besides
from voting.stores.poll_result import NotFinalYetError
from voting.stores.vote_log import LogMove, VoteLog
from voting.stores.vote_log_reader import VoteLogReader
from voting.testing.examples import vote_with

pytest_plugins = ["harness.testing.fixtures"]

POLL: Final = "2026"
PARTITIONS: Final = 2
COUNT: Final = 60
SEED: Final = 3


@pytest.fixture
async def log(mongodb: MongodbServer) -> AsyncIterator[VoteLog]:
    with MongoClient[dict[str, object]](mongodb.url) as client:
        client["voting"]["votes"].drop()
    log = VoteLog(mongodb.url, "voting")
    await log.ensure_indexes()
    yield log
    log.close()


def votes_of(partition: int) -> list[Vote]:
    """Return votes in two polls and in none, of all classes."""
    return [
        vote_with(id=new_vote_id(partition), rank=n + 1, route=list(Route)[n // 2 % 2],
                  **poll_fields(n))
        for n in range(COUNT)
    ]  # fmt: skip


async def filled(log: VoteLog) -> list[tuple[Vote, int, int]]:
    """Fill the log; return each vote, its offset, and when it arrived, not in order."""
    found = []
    for partition in range(PARTITIONS):
        votes = votes_of(partition)
        times = [1_000 + (n * 7) % COUNT for n in range(COUNT)]
        placed = list(zip(votes, range(COUNT), times, strict=True))
        await log.insert([to_document(vote, partition, at, time) for vote, at, time in placed])
        await log.claim(partition, "owner", PARTITIONS)
        assert await log.advance(
            [LogMove(partition, "owner", "-1:", f"{COUNT - 1}:{votes[-1].id}")]
        )
        found += placed
    return found


def ruling(number: int, selection: Selection, proposed_at_ms: int = 10_000) -> Ruling:
    return Ruling(
        number=number, selection=selection, reason="bots", author="ana", event=number,
        proposed_at_ms=proposed_at_ms, decided=100 + number, decider="ben", approved=True,
    )  # fmt: skip


def by_hand(votes: Sequence[tuple[Vote, int, int]], end: int, rulings: Rulings) -> Excluded:
    excluded = Excluded()
    for vote, offset, time in votes:
        if vote.poll != POLL or offset >= end:
            continue
        number = rulings.on(UUID(vote.id).bytes, vote.voter_class, time)
        if number is not None:
            key = entry_key(vote.entry, vote.voter_class)
            excluded.of(number).add(key, 1, vote.rank, vote.route)
    return excluded


def ids_of(votes: Sequence[tuple[Vote, int, int]]) -> VoteIds:
    return vote_ids(UUID(vote.id).bytes for vote, _, _ in votes)


async def test_any_rulings_take_what_they_reach_vote_by_vote(log: VoteLog) -> None:
    votes, random = await filled(log), Random(SEED)
    for _ in range(40):
        some: list[Selection] = [
            OfClass(random.choice([0, 1, 15])),
            Between(1_000 + random.randrange(60), 1_000 + random.randrange(60)),
            ids_of(random.sample(votes, 20)),
            ids_of(random.sample(votes, 20)),
            Between(0, 5_000),
        ]
        random.shuffle(some)
        rulings = Rulings(
            [
                ruling(number, one, 1_000 + random.randrange(80))
                for number, one in enumerate(some[: random.randrange(1, 6)], 1)
            ]
        )
        end = random.randrange(COUNT + 1)
        found = await excluded_before(log, POLL, [end] * PARTITIONS, rulings, slice_offsets=13)
        assert found == by_hand(votes, end, rulings), (SEED, rulings.in_force)
        *others, last = rulings.in_force
        ends = [end] * PARTITIONS
        taken = await taken_besides(log, POLL, ends, last, others, slice_offsets=13)
        assert taken == found.by_ruling.get(last.number, PollTally()), (SEED, rulings.in_force)


async def test_the_bounds_of_a_time_and_of_a_rulings_reach(log: VoteLog) -> None:
    votes = await filled(log)

    async def taken(selection: Selection, proposed_at_ms: int) -> int:
        rulings = Rulings([ruling(1, selection, proposed_at_ms)])
        return (await excluded_before(log, POLL, [COUNT] * 2, rulings)).total.votes

    vote, _, time = next(one for one in votes if one[0].poll == POLL)
    twice = sum(other == time and one.poll == POLL for one, _, other in votes)
    assert await taken(Between(time, time + 1), time) == twice
    assert await taken(Between(time, time + 1), time - 1) == 0
    assert await taken(Between(time + 1, time + 1), time) == 0
    assert await taken(ids_of([(vote, 0, 0)]), time) == 1
    assert await taken(ids_of([(vote, 0, 0)]), time - 1) == 0


async def test_a_log_that_is_behind_does_not_tell(log: VoteLog) -> None:
    await filled(log)
    with pytest.raises(NotFinalYetError, match="lacks 1 records of partition 1"):
        await excluded_before(log, POLL, [COUNT, COUNT + 1], Rulings([ruling(1, OfClass(0))]))
    with pytest.raises(NotFinalYetError, match="lacks 1 records of partition 1"):
        await taken_besides(log, POLL, [COUNT, COUNT + 1], ruling(1, OfClass(0)), [])


async def test_what_one_more_ruling_takes_is_read_without_the_rest(
    log: VoteLog, mongodb: MongodbServer
) -> None:
    votes = await filled(log)
    read: list[str] = []

    class Watched(VoteLogReader):
        @override
        async def find(self, ids: Sequence[str]) -> dict[str, LoggedVote]:
            read.extend(ids)
            return await super().find(ids)

        @override
        async def next_in_poll(
            self, poll: str, partition: int, after: int, upto: int
        ) -> int | None:
            raise AssertionError("the whole poll is read")

    watched = Watched(mongodb.url, "voting")
    some = ids_of(votes[:30])
    others = [ruling(1, OfClass(1)), ruling(2, ids_of(votes[10:50]))]
    taken = await taken_besides(watched, POLL, [COUNT] * PARTITIONS, ruling(3, some), others)
    watched.close()
    rulings = Rulings([*others, ruling(3, some)])
    assert taken == by_hand(votes, COUNT, rulings).by_ruling[3]
    assert len(read) == 30
