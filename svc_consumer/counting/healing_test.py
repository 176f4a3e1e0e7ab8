import pytest

from svc_consumer.counting.partition import Partition
from svc_consumer.counting.projector import Projector
from svc_consumer.errors import LedgerReplacedError, StaleError
from svc_consumer.metrics import HEALED
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
from voting.client.samples import poll_fields
from voting.domain.vote import Route, Vote
from voting.stores.logged_vote import to_document
from voting.stores.tally_store import MAX_COUNTERS


class Trial:
    """Stores in memory that have taken in a ledger."""

    def __init__(self) -> None:
        self.log, self.tally = FakeLog(), FakeTally()
        self.projector = Projector(self.log, self.tally, FakeRejected())
        self.ledger: list[FakeRecord] = []

    def cast(self, *votes: Vote) -> None:
        self.ledger += records_of(*votes, start=len(self.ledger))

    async def count(self, batch: int = 1000) -> Partition:
        """Take in the rest of the ledger."""
        partition = await self.sync()
        while partition.next_offset < len(self.ledger):
            at = partition.next_offset
            await take_in(self.projector, partition, self.ledger[at : at + batch])
        return partition

    async def sync(self) -> Partition:
        return await self.projector.sync(PARTITION, PARTITIONS)

    async def heal(self, partition: Partition) -> int:
        """Heal the tally; return how many steps it took."""
        steps = 0
        while partition.heals:
            await self.projector.heal(partition)
            steps += 1
        return steps

    def assert_in_step(self) -> None:
        logged = self.log.tally()
        assert self.tally.counts == logged
        assert self.tally.stored[PARTITION] == self.log.stored[PARTITION].position


@pytest.fixture
async def lost() -> Trial:
    trial = Trial()
    trial.cast(*(a_vote(rank=rank, **poll_fields(rank)) for rank in range(1, 100)))
    await trial.count()
    trial.tally.lose_everything()
    return trial


async def test_an_emptied_tally_heals_in_one_step_and_reads_on_at_the_logs_position(
    lost: Trial,
) -> None:
    partition = await lost.sync()
    assert await lost.heal(partition) == 1
    lost.assert_in_step()
    assert (partition.next_offset, partition.confirmed) == (98, False)
    lost.cast(a_vote())
    await take_in(lost.projector, partition, lost.ledger[98:])
    lost.assert_in_step()
    assert lost.tally.votes == 100


async def test_between_steps_the_tally_is_at_a_record(lost: Trial) -> None:
    partition = await lost.sync()
    partition.slice_offsets = 10
    await lost.projector.heal(partition)
    assert lost.tally.stored[PARTITION] == f"9:{(lost.ledger[9].key or b'').decode()}"
    assert lost.tally.votes == 10
    assert await lost.heal(partition) == 9
    lost.assert_in_step()


async def test_records_that_do_not_count_are_skipped() -> None:
    trial = Trial()
    vote = a_vote()
    trial.cast(vote, *([vote] * 50), a_vote(), *([vote] * 50))
    await trial.count()
    trial.tally.lose_everything()
    partition = await trial.sync()
    partition.slice_offsets = 10
    assert await trial.heal(partition) == 3
    trial.assert_in_step()
    assert trial.tally.votes == 2


async def test_the_log_beyond_its_position_does_not_count_yet(lost: Trial) -> None:
    # A vote of a batch that did not pass the fence.
    await lost.log.insert([to_document(a_vote(), PARTITION, 99)])
    await lost.heal(await lost.sync())
    assert lost.tally.votes == 99


async def test_other_partitions_do_not_count_here(lost: Trial) -> None:
    await lost.log.insert([to_document(a_vote(), PARTITION + 1, 5)])
    await lost.heal(await lost.sync())
    assert lost.tally.votes == 99


async def test_a_tally_set_back_heals_after_its_record_was_read_again(lost: Trial) -> None:
    lost.log.lose_everything()
    ledger, lost.ledger = lost.ledger, lost.ledger[:50]
    await lost.count()
    kept = lost.tally.copy()
    lost.ledger = ledger
    await lost.count()
    lost.tally.set_back(kept)
    partition = await lost.sync()
    assert (partition.behind, partition.heals, partition.next_offset) == (True, False, 49)
    await take_in(lost.projector, partition, ledger[49:60])
    assert lost.tally.votes == 50
    assert await lost.heal(partition) == 1
    lost.assert_in_step()


async def test_a_tally_of_another_topic_is_an_alarm(lost: Trial) -> None:
    lost.tally.stored[PARTITION] = "3:another"
    partition = await lost.sync()
    assert not partition.heals
    with pytest.raises(LedgerReplacedError, match="the record at 3:another is"):
        await take_in(lost.projector, partition, lost.ledger[3:])
    assert lost.tally.votes == 0


async def test_the_tally_stays_untouched_when_another_consumer_claims_the_partition(
    lost: Trial,
) -> None:
    partition = await lost.sync()
    other = await lost.sync()
    with pytest.raises(StaleError, match="vote log"):
        await lost.projector.heal(partition)
    assert lost.tally.votes == 0
    await lost.heal(other)
    lost.assert_in_step()


async def test_the_tally_stays_untouched_when_the_log_is_lost_during_healing(lost: Trial) -> None:
    partition = await lost.sync()
    lost.log.lose_everything()
    with pytest.raises(StaleError, match="vote log"):
        await lost.projector.heal(partition)
    assert lost.tally.votes == 0


async def test_a_tally_that_another_consumer_advanced_is_stale(lost: Trial) -> None:
    partition = await lost.sync()
    lost.tally.stored[PARTITION] = "5:x"
    with pytest.raises(StaleError, match="the tally is at 5:x"):
        await lost.projector.heal(partition)
    assert lost.tally.votes == 0


async def test_healing_what_another_consumer_just_healed_is_harmless(lost: Trial) -> None:
    partition = await lost.sync()
    await lost.heal(await lost.sync())
    partition.owner = lost.log.stored[PARTITION].owner
    await lost.heal(partition)
    lost.assert_in_step()


async def test_more_albums_than_one_script_call_takes_heal_in_several_steps() -> None:
    trial = Trial()
    trial.cast(*(a_vote(album=f"Album {number}") for number in range(MAX_COUNTERS)))
    await trial.count()
    trial.tally.lose_everything()
    partition = await trial.sync()
    partition.slice_offsets = 4000
    assert await trial.heal(partition) == 4
    trial.assert_in_step()


async def test_more_polls_than_one_script_call_takes_heal_in_several_steps() -> None:
    trial = Trial()
    each_in_its_own = (
        a_vote(poll=f"poll-{n}", entry="one", poll_event=1) for n in range(MAX_COUNTERS)
    )
    trial.cast(*each_in_its_own)
    await trial.count()
    trial.tally.lose_everything()
    partition = await trial.sync()
    partition.slice_offsets = 4000
    assert await trial.heal(partition) == 4
    trial.assert_in_step()


async def test_healed_votes_are_counted_in_the_metrics(lost: Trial) -> None:
    healed = HEALED.labels(Route.GRPC)
    before = healed._value.get()
    await lost.heal(await lost.sync())
    assert healed._value.get() - before == 99


async def test_the_index_is_created_before_healing(lost: Trial) -> None:
    lost.log.journal.clear()
    await lost.sync()
    assert lost.log.journal == ["claim", "indexes"]
