from dataclasses import dataclass, field

import pytest
from prometheus_client import Counter

from svc_consumer.counting.batch import Batch
from svc_consumer.counting.log_projection import LogProjection
from svc_consumer.counting.partition import Partition
from svc_consumer.counting.projector import Projector
from svc_consumer.errors import LedgerReplacedError, StaleError
from svc_consumer.metrics import COUNTED, DUPLICATES, REPAIRED
from svc_consumer.testing.fakes import (
    PARTITION,
    PARTITIONS,
    FakeLog,
    FakeRecord,
    FakeRejected,
    FakeTally,
    a_vote,
    records_of,
    take_in,
)
from voting.domain.vote import Route, partition_of
from voting.stores.errors import NO_POSITION, StoreUnavailableError
from voting.stores.logged_vote import from_document


@dataclass
class Trial:
    """A projector with stores in memory that share one journal."""

    journal: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.log = FakeLog(self.journal)
        self.tally = FakeTally(self.journal)
        self.rejected = FakeRejected(self.journal)
        self.projector = Projector(self.log, self.tally, self.rejected)

    async def sync(self) -> Partition:
        partition = await self.projector.sync(PARTITION, PARTITIONS)
        self.journal.clear()
        return partition

    async def replay(self, ledger: list[FakeRecord], size: int = 2) -> None:
        """Read the ledger from the stores' positions to its end."""
        partition = await self.sync()
        while partition.heals or partition.next_offset < len(ledger):
            if partition.heals:
                await self.projector.heal(partition)
            else:
                rest = ledger[partition.next_offset :]
                await take_in(self.projector, partition, rest[:size])

    def assert_in_step(self, votes: int, ranks: int) -> None:
        assert len(self.log.votes) == votes
        logged = self.log.tally()
        assert (logged.votes, sum(a.rank_sum for a in logged.albums.values())) == (votes, ranks)
        assert (self.tally.votes, self.tally.ranks) == (votes, ranks)


def value_of(counter: Counter) -> float:
    return next(iter(counter.collect())).samples[0].value


@pytest.fixture
def trial() -> Trial:
    return Trial()


async def test_documents_come_first_then_the_fence_then_the_tally(trial: Trial) -> None:
    partition = await trial.sync()
    await take_in(trial.projector, partition, records_of(a_vote(), a_vote()))
    assert trial.journal == ["documents", "fence", "tally"]
    trial.assert_in_step(votes=2, ranks=14)


async def test_a_retried_vote_counts_once(trial: Trial) -> None:
    vote = a_vote(rank=1)
    partition = await trial.sync()
    await take_in(trial.projector, partition, records_of(vote, a_vote(vote.id, rank=50), a_vote()))
    await take_in(trial.projector, partition, records_of(a_vote(vote.id, rank=99), start=3))
    trial.assert_in_step(votes=2, ranks=8)


async def test_votes_and_duplicates_are_counted_in_the_metrics(trial: Trial) -> None:
    counted, duplicates = COUNTED.labels(Route.GRPC), DUPLICATES
    before = counted._value.get(), value_of(duplicates)
    vote = a_vote()
    partition = await trial.sync()
    await take_in(trial.projector, partition, records_of(vote, vote, a_vote()))
    assert (counted._value.get() - before[0], value_of(duplicates) - before[1]) == (2, 1)


async def test_an_emptied_tally_is_filled_again_from_the_log_alone(trial: Trial) -> None:
    ledger = records_of(*(a_vote() for _ in range(5)))
    await trial.replay(ledger)
    trial.tally.lose_everything()
    await trial.replay(ledger)
    assert trial.journal == ["fence", "tally"]
    trial.assert_in_step(votes=5, ranks=35)


async def test_a_lost_log_is_written_again_without_counting_again(trial: Trial) -> None:
    ledger = records_of(*(a_vote() for _ in range(5)))
    await trial.replay(ledger)
    trial.log.lose_everything()
    await trial.replay(ledger)
    assert "tally" not in trial.journal
    trial.assert_in_step(votes=5, ranks=35)


async def test_indexes_are_made_again_with_a_lost_log(trial: Trial) -> None:
    await trial.projector.sync(PARTITION, PARTITIONS)
    assert trial.journal == ["claim", "indexes"]
    await trial.replay(records_of(a_vote()))
    await trial.projector.sync(PARTITION, PARTITIONS)
    assert trial.journal[-1] == "claim"


async def test_a_later_copy_stored_after_a_loss_is_replaced_by_the_first(trial: Trial) -> None:
    vote = a_vote(rank=1)
    ledger = records_of(vote, a_vote(), a_vote(vote.id, rank=90))
    partition = await trial.sync()
    await take_in(trial.projector, partition, ledger[:2])
    trial.log.lose_everything()
    with pytest.raises(StaleError):  # although the third record's document is stored
        await take_in(trial.projector, partition, ledger[2:])
    repaired = value_of(REPAIRED)
    await trial.replay(ledger)
    assert value_of(REPAIRED) == repaired + 1
    assert trial.log.votes[vote.id]["rank"] == 1
    trial.assert_in_step(votes=2, ranks=8)


async def test_the_tally_stays_untouched_when_the_fence_is_not_passed(trial: Trial) -> None:
    partition = await trial.sync()
    await trial.sync()  # another consumer claims it
    with pytest.raises(StaleError, match="vote log"):
        await take_in(trial.projector, partition, records_of(a_vote()))
    assert "tally" not in trial.journal
    await trial.replay(records_of(a_vote()))


async def test_a_tally_that_another_consumer_advanced_is_stale(trial: Trial) -> None:
    partition = await trial.sync()
    trial.tally.stored[PARTITION] = "0:x"
    with pytest.raises(StaleError, match="the tally is at 0:x"):
        await take_in(trial.projector, partition, records_of(a_vote()))
    assert trial.tally.votes == 0


async def test_a_batch_interrupted_before_the_tally_is_counted_when_read_again(
    trial: Trial,
) -> None:
    ledger = records_of(a_vote(), a_vote())
    partition = await trial.sync()
    trial.tally.down = True
    with pytest.raises(StoreUnavailableError):
        await take_in(trial.projector, partition, ledger)
    trial.tally.down = False
    await trial.replay(ledger)
    trial.assert_in_step(votes=2, ranks=14)


async def test_a_record_that_is_not_a_vote_is_passed_on_before_the_position_passes_it(
    trial: Trial,
) -> None:
    partition = await trial.sync()
    await take_in(
        trial.projector, partition, [FakeRecord(0, None, b"\xff"), *records_of(a_vote(), start=1)]
    )
    assert trial.journal == ["rejected", "documents", "fence", "tally"]
    assert trial.rejected.written == [(PARTITION, 0, "value: is not a valid votes.v1.Vote message")]
    trial.assert_in_step(votes=1, ranks=7)


async def test_a_batch_without_votes_advances_both_positions(trial: Trial) -> None:
    partition = await trial.sync()
    await take_in(trial.projector, partition, [FakeRecord(0, b"k", None)])
    assert trial.log.stored[PARTITION].position == trial.tally.stored[PARTITION] == "0:k"


@pytest.mark.parametrize("lost", ["log", "tally"])
async def test_a_replay_does_not_reject_a_record_again(trial: Trial, lost: str) -> None:
    ledger = [FakeRecord(0, b"k", None), *records_of(a_vote(), start=1)]
    await trial.replay(ledger)
    getattr(trial, lost).lose_everything()
    await trial.replay(ledger)
    assert len(trial.rejected.written) == 1
    trial.assert_in_step(votes=1, ranks=7)


async def test_a_topic_with_another_number_of_partitions_is_an_alarm(trial: Trial) -> None:
    await trial.sync()
    with pytest.raises(LedgerReplacedError, match="has 12 partitions, but was counted with 6"):
        await trial.projector.sync(PARTITION, 12)


async def test_a_vote_has_the_arrival_time_of_its_first_copy() -> None:
    """However often the ledger is read."""
    log, vote = FakeLog(), a_vote()
    first, second = records_of(vote, vote)
    first, second = first._replace(timestamp=7000), second._replace(timestamp=8000)
    for records, arrived in [([second], 8000), ([first, second], 7000), ([second], 7000)]:
        number = partition_of(vote.id, PARTITIONS)
        partition = Partition(number, PARTITIONS, "", NO_POSITION, NO_POSITION)
        partition.next_offset = records[0].offset
        batch = Batch(partition, records)
        batch.read()
        await LogProjection(log).take_in([batch])
        assert from_document(log.votes[vote.id]).cursor == (arrived, vote.id)
