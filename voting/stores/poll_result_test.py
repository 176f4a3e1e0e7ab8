"""What counts in a poll, from a vote log on a real server, and a tally that has more."""

from collections.abc import AsyncIterator, Sequence
from typing import override

import msgspec
import pytest
from pymongo import MongoClient

from harness.servers.mongodb_server import MongodbServer
from voting.client.samples import poll_fields
from voting.domain.tally import PollTally, tally_of
from voting.domain.vote import Vote, new_vote_id
from voting.polls.result import poll_result, votes_behind_cut
from voting.stores.errors import NO_POSITION
from voting.stores.logged_vote import to_document
from voting.stores.poll_result import NotFinalYetError, late_votes, votes_before_cut
from voting.stores.vote_log import LogMove, VoteLog
from voting.testing.examples import vote_with
from voting.testing.polls import entries as some_entries
from voting.testing.polls import with_changes

pytest_plugins = ["harness.testing.fixtures"]

POLL = "2026"
PARTITIONS = 3


class FilledLog(VoteLog):
    """A vote log that a test fills, one partition after the other."""

    def __init__(self, url: str) -> None:
        super().__init__(url, "voting")
        self.sums: list[tuple[int, int, int]] = []  # partition, after, upto

    async def fill(self, partition: int, votes: Sequence[Vote], start: int = 0) -> None:
        """Store votes from this offset on, and move the position on."""
        documents = [to_document(vote, partition, start + n) for n, vote in enumerate(votes)]
        await self.insert(documents)
        owner = f"owner of {partition}"
        stored = await self.claim(partition, owner, PARTITIONS)
        assert stored is not None
        last = documents[-1]
        assert await self.advance(
            [LogMove(partition, owner, stored.position, f"{last['offset']}:{last['_id']}")]
        )

    @override
    async def sum_up_poll(self, poll: str, partition: int, after: int, upto: int) -> PollTally:
        self.sums.append((partition, after, upto))
        return await super().sum_up_poll(poll, partition, after, upto)


@pytest.fixture
async def log(mongodb: MongodbServer) -> AsyncIterator[FilledLog]:
    with MongoClient[dict[str, object]](mongodb.url) as client:
        client["voting"]["votes"].drop()
    log = FilledLog(mongodb.url)
    await log.ensure_indexes()
    yield log
    log.close()


def votes_of(partition: int, count: int) -> list[Vote]:
    """Return votes in two polls and in none; the first is in none."""
    return [
        vote_with(id=new_vote_id(partition), rank=n % 100 + 1, **poll_fields(n))
        for n in range(count)
    ]


def of_poll(*parts: Sequence[Vote]) -> PollTally:
    """Return what the poll has of these votes."""
    return tally_of(vote for votes in parts for vote in votes if vote.poll == POLL).polls[POLL]


async def test_what_lies_before_the_cut_counts_and_nothing_behind(log: FilledLog) -> None:
    votes = {partition: votes_of(partition, 30) for partition in range(PARTITIONS)}
    for partition, some in votes.items():
        await log.fill(partition, some)
    cut = (21, 30, 0)
    counted = await votes_before_cut(log, POLL, cut)
    assert counted == of_poll(votes[0][:21], votes[1])
    assert await late_votes(log, POLL, cut) == of_poll(votes[0][21:], votes[2])
    live = (await log.tally()).polls[POLL]
    assert votes_behind_cut(counted, live) == 3 + 10
    assert live == of_poll(*votes.values())


async def test_the_result_is_that_of_the_tally_when_nothing_lies_behind_the_cut(
    log: FilledLog,
) -> None:
    votes = votes_of(0, 60)
    await log.fill(0, votes)
    definition = with_changes(entries=some_entries(3))
    numbered = [
        msgspec.structs.replace(entry, id=str(n)) for n, entry in enumerate(definition.entries)
    ]
    definition = with_changes(entries=tuple(numbered))
    counted, live = await votes_before_cut(log, POLL, (60,)), (await log.tally()).polls[POLL]
    assert votes_behind_cut(counted, live) == 0
    assert poll_result(definition, counted) == poll_result(definition, live)
    assert poll_result(definition, counted).strays == 15  # of the fourth entry and of classes


async def test_each_slice_is_bounded_and_empty_ones_are_skipped(log: FilledLog) -> None:
    early, late = votes_of(0, 12), votes_of(0, 12)
    await log.fill(0, early)
    await log.fill(0, late, start=10_000)
    counted = await votes_before_cut(log, POLL, (10_012,), slice_offsets=10)
    assert counted == of_poll(early, late)
    assert log.sums == [(0, 1, 11), (0, 10_001, 10_011)]


async def test_a_log_that_has_not_passed_the_cut_has_no_result_yet(log: FilledLog) -> None:
    await log.fill(0, votes_of(0, 10))
    await log.fill(1, votes_of(1, 10))
    expected = "lacks 2 records of partition 1, 5 records of partition 2"
    with pytest.raises(NotFinalYetError, match=expected):
        await votes_before_cut(log, POLL, (10, 12, 5))
    assert log.sums == []
    assert (await votes_before_cut(log, POLL, (10, 10, 0))).votes == 6
    await log.claim(2, "owner", PARTITIONS)
    with pytest.raises(NotFinalYetError, match="lacks 1 records of partition 2"):
        await votes_before_cut(log, POLL, (10, 10, 1))


class LostAndFoundLog(FilledLog):
    """Is lost while it is added up, and as far as before by the time that is done."""

    times = 0

    @override
    async def sum_up_poll(self, poll: str, partition: int, after: int, upto: int) -> PollTally:
        found = await super().sum_up_poll(poll, partition, after, upto)
        if self.times > 0:
            self.times -= 1
            await self.claim(partition, f"owner {self.times}", PARTITIONS)
            return PollTally()
        return found


async def test_a_log_that_was_lost_in_between_is_added_up_again(
    log: FilledLog, mongodb: MongodbServer
) -> None:
    votes = votes_of(0, 10)
    await log.fill(0, votes)
    lost = LostAndFoundLog(mongodb.url)
    lost.times = 2
    assert await votes_before_cut(lost, POLL, (10,)) == of_poll(votes)
    lost.times = 3
    with pytest.raises(NotFinalYetError, match="keep changing owners"):
        await votes_before_cut(lost, POLL, (10,))
    lost.close()


async def test_a_poll_without_votes_has_none(log: FilledLog) -> None:
    assert await votes_before_cut(log, POLL, (0, 0)) == PollTally()
    assert (await log.positions([0])).get(0, NO_POSITION) == NO_POSITION
    await log.fill(0, [vote_with(id=new_vote_id(0))])
    assert await votes_before_cut(log, POLL, (1, 0)) == PollTally()
    assert await late_votes(log, POLL, (0, 0)) == PollTally()
