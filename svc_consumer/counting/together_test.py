"""Batches of several partitions that are taken in together."""

from collections.abc import Sequence
from typing import Any, override

import pytest

from svc_consumer.counting.batch import Batch
from svc_consumer.counting.partition import Partition
from svc_consumer.counting.projector import Projector
from svc_consumer.errors import LedgerReplacedError, RejectedUnavailableError, StaleError
from svc_consumer.testing.fakes import (
    PARTITIONS,
    FakeLog,
    FakeRecord,
    FakeRejected,
    FakeTally,
    a_vote,
    records_of,
)
from voting.domain.vote import new_vote_id
from voting.stores.errors import NO_POSITION, StoreUnavailableError

NUMBERS = (0, 1, 2)


class LosingLog(FakeLog):
    """Has the first of the votes already, and loses it."""

    @override
    async def insert(self, documents: Sequence[dict[str, Any]]) -> list[str]:
        await super().insert(documents)
        del self.votes[documents[0]["_id"]]
        return [documents[0]["_id"]]


class Trial:
    """Three partitions with two records each, and stores that share one journal."""

    def __init__(self, log: type[FakeLog] = FakeLog) -> None:
        self.journal: list[str] = []
        self.log, self.tally = log(self.journal), FakeTally(self.journal)
        self.rejected = FakeRejected(self.journal)
        self.projector = Projector(self.log, self.tally, self.rejected)
        self.partitions: dict[int, Partition] = {}
        self.records: dict[int, list[FakeRecord]] = {
            number: records_of(*(a_vote(new_vote_id(number)) for _ in range(2)))
            for number in NUMBERS
        }

    async def take_in(self) -> list[Batch]:
        """Take in all records of all partitions, which are synced if they were not."""
        for number in NUMBERS:
            if number not in self.partitions:
                partition = await self.projector.sync(number, PARTITIONS)
                self.partitions[number] = partition
        self.journal.clear()
        batches = [Batch(self.partitions[n], self.records[n]) for n in NUMBERS]
        await self.projector.take_in(batches)
        return batches

    def counted(self) -> list[bool]:
        """Return which partitions both stores have taken in."""
        return [
            self.tally.stored[number] == self.log.stored[number].position != NO_POSITION
            for number in NUMBERS
        ]


@pytest.fixture
async def trial() -> Trial:
    trial = Trial()
    for number in NUMBERS:
        trial.partitions[number] = await trial.projector.sync(number, PARTITIONS)
    return trial


async def test_each_step_is_one_call_for_all(trial: Trial) -> None:
    batches = await trial.take_in()
    assert trial.journal == ["documents", "fence", "tally"]
    assert [batch.error for batch in batches] == [None] * 3
    assert trial.counted() == [True] * 3
    assert (trial.tally.votes, len(trial.log.votes)) == (6, 6)
    assert [batch.partition.next_offset for batch in batches] == [2, 2, 2]


async def test_a_partition_that_another_consumer_claims_leaves_the_others_alone(
    trial: Trial,
) -> None:
    await trial.projector.sync(1, PARTITIONS)
    batches = await trial.take_in()
    assert [type(batch.error) for batch in batches] == [type(None), StaleError, type(None)]
    assert trial.counted() == [True, False, True]
    assert trial.tally.votes == 4


async def test_a_partition_whose_tally_is_elsewhere_leaves_the_others_alone(trial: Trial) -> None:
    trial.tally.stored[2] = "7:another"
    batches = await trial.take_in()
    assert [type(batch.error) for batch in batches] == [type(None), type(None), StaleError]
    assert trial.tally.votes == 4


async def test_a_partition_of_another_topic_leaves_the_others_alone(trial: Trial) -> None:
    trial.records[0] = trial.records[0][:1]
    await trial.take_in()
    trial.partitions[0].recheck()
    trial.records = {n: trial.records[n][-1:] for n in NUMBERS}
    trial.records[0] = records_of(a_vote(new_vote_id(0)))
    for number in (1, 2):
        trial.partitions[number].recheck()
    batches = await trial.take_in()
    assert [type(batch.error) for batch in batches] == [LedgerReplacedError, *[type(None)] * 2]


async def test_a_partition_with_a_record_that_cannot_be_rejected_leaves_the_others_alone(
    trial: Trial,
) -> None:
    trial.records[1] = [FakeRecord(0, b"not a vote", None)]
    trial.rejected.down = True
    batches = await trial.take_in()
    assert isinstance(batches[1].error, RejectedUnavailableError)
    assert trial.counted() == [True, False, True]


async def test_a_partition_whose_votes_vanish_leaves_the_others_alone() -> None:
    trial = Trial(LosingLog)
    batches = await trial.take_in()
    assert [type(batch.error) for batch in batches] == [StaleError, *[type(None)] * 2]
    assert trial.counted() == [False, True, True]


async def test_a_store_that_is_away_fails_what_has_not_failed_before(trial: Trial) -> None:
    trial.records[1] = [FakeRecord(0, b"not a vote", None)]
    trial.rejected.down = trial.tally.down = True
    batches = await trial.take_in()
    assert [type(batch.error) for batch in batches] == [
        StoreUnavailableError,
        RejectedUnavailableError,
        StoreUnavailableError,
    ]
    assert trial.tally.votes == 0
    assert [batch.partition.next_offset for batch in batches] == [0, 0, 0]


async def test_a_partition_that_must_heal_first_is_only_checked(trial: Trial) -> None:
    await trial.take_in()
    del trial.tally.stored[0]
    trial.partitions[0] = await trial.projector.sync(0, PARTITIONS)
    trial.records = {n: records_of(a_vote(new_vote_id(n)), start=2) for n in NUMBERS}
    trial.partitions[0].next_offset = 2
    batches = await trial.take_in()
    assert [batch.error for batch in batches] == [None] * 3
    assert trial.log.stored[0].position.startswith("1:")
    assert trial.tally.votes == 8
