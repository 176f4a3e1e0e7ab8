import asyncio

from harness.processes.waiting import until
from svc_consumer.testing.consumer_in_memory import InMemoryTrial, halted
from svc_consumer.testing.fakes import PARTITIONS, a_vote, records_of
from voting.domain.vote import new_vote_id
from voting.ledger.errors import LedgerUnavailableError
from voting.stores.errors import NO_POSITION
from voting.stores.vote_log import StoredPosition


async def test_all_partitions_are_counted_and_it_is_ready() -> None:
    trial = InMemoryTrial()
    trial.cast(1, 1500)
    trial.cast(2, 10)
    trial.ledger.give(1, 2)
    async with trial.running():
        await until(lambda: trial.tally.votes == 1510)
        await until(lambda: trial.readiness.ready)
        trial.cast(1, 5)
        await until(lambda: trial.tally.votes == 1515)


async def test_it_is_not_ready_until_the_group_assigns_partitions() -> None:
    trial = InMemoryTrial()
    async with trial.running():
        await until(lambda: trial.readiness.reason == "waiting for MongoDB, Redis")
        trial.ledger.give()
        await until(lambda: trial.readiness.ready)


async def test_kafka_is_waited_for() -> None:
    trial = InMemoryTrial()
    trial.ledger.errors = [LedgerUnavailableError("refused")] * 2
    trial.ledger.give()
    async with trial.running():
        await until(lambda: "Kafka (refused)" in (trial.readiness.reason or ""))
        await until(lambda: trial.readiness.ready)


async def test_it_survives_an_error_while_polling() -> None:
    trial = InMemoryTrial()
    trial.ledger.give(1)
    async with trial.running():
        await until(lambda: trial.readiness.ready)
        trial.ledger.errors = [LedgerUnavailableError("rebalancing")]
        trial.cast(1, 3)
        await until(lambda: trial.tally.votes == 3)


async def test_a_store_that_is_away_is_waited_for_and_nothing_is_lost() -> None:
    trial = InMemoryTrial()
    trial.ledger.give(1)
    async with trial.running():
        await until(lambda: trial.readiness.ready)
        trial.tally.down = True
        trial.cast(1, 7)
        await until(lambda: trial.readiness.reason == "waiting for Redis (refused)")
        noted = trial.progress.noted
        await until(lambda: trial.progress.noted > noted)  # waiting is not being stuck
        trial.tally.down = False
        await until(lambda: trial.tally.votes == 7)
        await until(lambda: trial.readiness.ready)
    assert len(trial.log.votes) == 7


async def test_a_replaced_topic_halts_its_partition_and_the_others_go_on() -> None:
    trial = InMemoryTrial()
    trial.cast(1, 5)
    trial.cast(2, 5)
    trial.tally.stored[1] = "3:another-key"
    trial.ledger.give(1, 2)
    async with trial.running():
        await until(lambda: halted(1))
        trial.cast(2, 5)
        await until(lambda: trial.tally.votes == 10)
        await until(lambda: trial.readiness.ready)
        assert trial.tally.stored[1] == "3:another-key"
        assert not halted(2)


async def test_a_longer_topic_that_replaced_it_during_a_silence_halts_its_partition() -> None:
    trial = InMemoryTrial()
    trial.cast(1, 5)
    trial.ledger.give(1)
    async with trial.running():
        await until(lambda: trial.tally.votes == 5)
        trial.now += 1
        trial.ledger.records[1] = records_of(*(a_vote(new_vote_id(1)) for _ in range(9)))
        await until(lambda: halted(1))
        assert trial.tally.votes == 5


async def test_a_slow_batch_with_more_records_behind_it_is_not_a_silence() -> None:
    trial = InMemoryTrial()
    trial.cast(1, 5)
    trial.ledger.give(1)
    trial.ledger.polls.more = {1}
    async with trial.running():
        await until(lambda: trial.tally.votes == 5)
        trial.now += 1
        sought = trial.ledger.seeks
        trial.cast(1, 5)
        await until(lambda: trial.tally.votes == 10)
        assert trial.ledger.seeks == sought
        trial.now += 11
        trial.cast(1, 5)
        await until(lambda: trial.tally.votes == 15)
        assert trial.ledger.seeks > sought


async def test_votes_after_a_silence_count() -> None:
    trial = InMemoryTrial()
    trial.cast(1, 5)
    trial.ledger.give(1)
    async with trial.running():
        for votes in (5, 6, 8):
            await until(lambda votes=votes: trial.tally.votes == votes)  # type: ignore[misc]
            trial.now += 1
            trial.cast(1, 1 if votes == 5 else 2)
        await until(lambda: trial.tally.votes == 10)


async def test_a_shorter_topic_halts_its_partition() -> None:
    trial = InMemoryTrial()
    trial.cast(1, 5)
    trial.tally.stored[1] = "9:a-key"
    trial.log.stored[1] = StoredPosition("9:a-key", "", PARTITIONS)
    trial.ledger.give(1)
    async with trial.running():
        await until(lambda: halted(1))
    assert trial.tally.votes == 0


async def test_a_halted_partition_counts_again_once_an_operator_has_repaired_it() -> None:
    trial = InMemoryTrial()
    trial.cast(1, 5)
    trial.tally.stored[1] = "3:another-key"
    trial.ledger.give(1)
    async with trial.running():
        await until(lambda: halted(1))
        trial.now = 61.0  # checked again, and still wrong
        await until(lambda: trial.assignment.halted(1))
        assert halted(1)
        trial.tally.lose_everything()
        trial.log.lose_everything()
        trial.now = 122.0
        await until(lambda: trial.tally.votes == 5)
        assert not halted(1)


async def test_a_new_topic_is_counted_after_emptying_first_the_log_and_then_the_tally() -> None:
    trial = InMemoryTrial()
    trial.cast(1, 5)
    trial.ledger.give(1)
    async with trial.running():
        await until(lambda: trial.tally.votes == 5)
        trial.now += 1
        trial.ledger.records[1] = records_of(*(a_vote(new_vote_id(1)) for _ in range(9)))
        await until(lambda: halted(1))
        trial.log.lose_everything()
        trial.now += 61  # checked again between the two
        await until(lambda: trial.assignment.halted(1))
        trial.tally.lose_everything()
        trial.now += 61
        await until(lambda: trial.tally.votes == 9)
        assert not halted(1)
    assert len(trial.log.votes) == 9


async def test_offsets_requested_before_a_sync_raise_no_alarm() -> None:
    trial = InMemoryTrial()
    trial.cast(1, 5)
    trial.ledger.give(1)
    async with trial.running():
        await until(lambda: trial.readiness.ready)
        trial.ledger.reading[1] = 500
        trial.cast(1, 1)
        await until(lambda: trial.ledger.reading[1] == 500)
        assert not halted(1)
        assert 1 in trial.assignment.synced


async def test_records_of_a_reassigned_partition_are_left_to_its_new_owner() -> None:
    trial = InMemoryTrial()
    trial.ledger.give(1)
    async with trial.running():
        await until(lambda: trial.readiness.ready)
        trial.cast(1, 5)
        trial.ledger.give(2)
        trial.cast(2, 5)
        await until(lambda: trial.tally.votes == 5)
    assert trial.tally.stored[1] == trial.log.stored[1].position == NO_POSITION


async def test_no_progress_is_noted_while_existing_records_do_not_arrive() -> None:
    trial = InMemoryTrial()
    trial.ledger.give(1)
    async with trial.running():
        await until(lambda: trial.readiness.ready)
        trial.assignment.synced[1].end_offset = 10
        await asyncio.sleep(0)
        noted = trial.progress.noted
        turns = 0

        def turned() -> bool:
            nonlocal turns
            turns += 1
            return turns > 20

        await until(turned)
        assert trial.progress.noted == noted


async def test_holding_between_batches_holds_back_the_next_batch() -> None:
    trial = InMemoryTrial()
    trial.ledger.give(1)
    async with trial.running():
        await until(lambda: trial.readiness.ready)
        async with trial.consumer.between_batches:
            assert not trial.assignment.synced[1].busy
            trial.cast(1, 3)
            for _ in range(20):
                await asyncio.sleep(0)
            assert trial.tally.votes == 0
        await until(lambda: trial.tally.votes == 3)


async def test_an_emptied_tally_heals_while_votes_go_on() -> None:
    trial = InMemoryTrial()
    trial.cast(1, 1500)
    trial.cast(2, 10)
    trial.ledger.give(1, 2)
    async with trial.running():
        await until(lambda: trial.tally.votes == 1510)
        trial.tally.lose_everything()
        trial.cast(1, 5)  # this batch notices the loss
        trial.cast(2, 5)
        await until(lambda: trial.tally.votes == 1520)
        await until(lambda: trial.readiness.ready)


async def test_a_tally_that_heals_is_not_waited_for() -> None:
    trial = InMemoryTrial()
    trial.cast(1, 50)
    trial.ledger.give(1)
    async with trial.running():
        await until(lambda: trial.tally.votes == 50)
        trial.tally.down = True
        trial.cast(1, 1)
        await until(lambda: trial.readiness.reason == "waiting for Redis (refused)")
        trial.tally.lose_everything()
        trial.ledger.errors = [LedgerUnavailableError("away")] * 1000
        trial.tally.down = False
        await until(lambda: trial.readiness.ready)
        assert trial.tally.votes == 51


async def test_a_tally_that_is_behind_heals_after_its_record_was_read_again() -> None:
    trial = InMemoryTrial()
    trial.cast(1, 20)
    trial.ledger.give(1)
    async with trial.running():
        await until(lambda: trial.tally.votes == 20)
        kept = trial.tally.copy()
        trial.cast(1, 30)
        await until(lambda: trial.tally.votes == 50)
    trial.tally.set_back(kept)
    trial.ledger.give(1)
    async with trial.running():
        await until(lambda: trial.tally.votes == 50)
        trial.cast(1, 5)
        await until(lambda: trial.tally.votes == 55)


async def test_a_partition_reassigned_while_it_heals_is_left_alone() -> None:
    trial = InMemoryTrial()
    trial.cast(1, 50)
    trial.ledger.give(1)
    async with trial.running():
        await until(lambda: trial.tally.votes == 50)
        trial.log.down = True
        trial.tally.lose_everything()
        trial.cast(1, 1)
        await until(lambda: trial.readiness.reason)
        trial.ledger.give(2)
        trial.log.down = False
        trial.cast(2, 5)
        await until(lambda: trial.tally.votes == 5)
    assert set(trial.tally.stored) == {2}


async def test_renewed_connections_resume_at_the_stores_positions() -> None:
    trial = InMemoryTrial()
    trial.cast(1, 5)
    trial.ledger.give(1)
    async with trial.running():
        await until(lambda: trial.tally.votes == 5)
        trial.consumer.renew()
        await until(lambda: trial.ledger.starts == 2)
        trial.cast(1, 5)
        trial.ledger.give(1)
        await until(lambda: trial.tally.votes == 10)
    assert len(trial.log.votes) == 10
