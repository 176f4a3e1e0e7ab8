"""The consumer as a process with real Kafka, Redis and MongoDB-protocol servers."""

import asyncio
import os
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis

from harness.processes.errors import ServerError
from harness.processes.waiting import until
from harness.servers.services import Service
from svc_consumer.testing.consumer_process import ProcessTrial, metric, unready_reason, votes
from svc_consumer.testing.fakes import PARTITION, a_vote
from voting.domain.codec import encode_vote
from voting.domain.tally import tally_of
from voting.domain.vote import new_vote_id, partition_of
from voting.polls.result import votes_behind_cut
from voting.stores.poll_result import votes_before_cut
from voting.stores.tally_fields import position_field
from voting.stores.tally_reader import TallyReader
from voting.stores.tally_store import TALLY_KEY

if TYPE_CHECKING:  # pytest loads it as a plugin and must be the first to do so
    from harness.testing.fixtures import StartService

pytest_plugins = ["harness.testing.fixtures", "svc_consumer.testing.process_fixtures"]


async def shows(consumer: Service, name: str, value: float) -> None:
    """Return when a metric has this value."""

    async def reached() -> bool:
        return metric(consumer, name) == value

    await until(reached)


async def lags(consumer: Service, records: int = 1) -> None:
    """Return when the consumer's lag is at least this many records."""

    async def reached() -> bool:
        return metric(consumer, "svc_consumer_lag_records") >= records

    await until(reached)


async def waits_for(consumer: Service, server: str) -> None:
    """Return when the consumer waits for this server; with "", when it is ready."""

    async def reached() -> bool:
        reason = unready_reason(consumer)
        return reason.startswith(f"waiting for {server}") if server else not reason

    await until(reached)


async def test_every_vote_is_counted_once_however_often_it_was_written(trial: ProcessTrial) -> None:
    consumer = trial.start_consumer()
    cast = votes(2000)
    copies = [a_vote(vote.id, album="Another", rank=100) for vote in cast[:50]]
    await trial.cast(*cast, *copies)
    await trial.in_step()
    await trial.cast(*copies)
    await trial.cast(*votes(1))
    await trial.in_step()
    assert metric(consumer, "votes_counted_total") == 2001
    await shows(consumer, "votes_duplicate_total", 100)
    await shows(consumer, "svc_consumer_lag_records", 0)
    assert metric(consumer, "svc_consumer_partition_halted") == 0


async def test_a_record_that_is_not_a_vote_goes_to_the_rejected_topic_and_blocks_nothing(
    trial: ProcessTrial,
) -> None:
    vote, stray = a_vote(), a_vote(new_vote_id(PARTITION + 1))
    key = vote.id.encode()
    large = os.urandom(900_000)
    invalid = [
        (key, None, "value: is missing"),
        (None, b"\xff", "value: is not a valid votes.v1.Vote message"),
        (key, encode_vote(a_vote(vote.id, year=1)), "year: must be from 1900 to 2100"),
        (b"another", encode_vote(vote), "key: is not the vote's id"),
        (stray.id.encode(), encode_vote(stray), f"partition: must be {PARTITION + 1} for this id"),
        (large, large[:100_000], "value: is not a valid votes.v1.Vote message"),
    ]
    await trial.cast(vote)
    await trial.write(*((k, v, PARTITION) for k, v, _ in invalid))
    await trial.cast(*votes(10))
    consumer = trial.start_consumer()
    await trial.in_step()
    rejected = await trial.rejected(len(invalid))
    assert [(r.key, r.value) for r in rejected[:5]] == [(k, v) for k, v, _ in invalid[:5]]
    assert large.startswith(rejected[5].key)
    assert [dict(r.headers) for r in rejected] == [
        {
            "reason": reason.encode(),
            "topic": trial.topic.encode(),
            "partition": str(PARTITION).encode(),
            "offset": str(1 + index).encode(),
        }
        for index, (_, _, reason) in enumerate(invalid)
    ]
    assert metric(consumer, "votes_rejected_total") == len(invalid)


async def test_a_missing_topic_of_rejected_records_is_waited_for(trial: ProcessTrial) -> None:
    trial.rejected_topic = f"{trial.topic}.late"
    consumer = trial.start_consumer()
    vote = a_vote()
    await trial.write((vote.id.encode(), None, PARTITION))
    await trial.cast(vote)
    name = "the topic of rejected records"
    await waits_for(consumer, name)
    await trial.cast(*(a_vote() for _ in range(10)))
    await lags(consumer, 12)  # so Kafka has answered the lag reporter
    assert unready_reason(consumer).startswith(f"waiting for {name} (topic {trial.rejected_topic}:")
    trial.kafka.create_topics({trial.rejected_topic: 1})
    await waits_for(consumer, "")
    await trial.in_step()
    assert [record.key for record in await trial.rejected(1)] == [vote.id.encode()]


async def test_partitions_that_cannot_reject_do_not_slow_down_the_others(
    trial: ProcessTrial,
) -> None:
    trial.rejected_topic = f"{trial.topic}.late"
    consumer = trial.start_consumer()
    await trial.write(*((b"not a vote", None, partition) for partition in (3, 4, 5)))
    async with asyncio.timeout(60):  # three partitions fail, each after 10 s, again and again
        await waits_for(consumer, "the topic of rejected records")
        for _ in range(20):
            await trial.cast(*(a_vote(new_vote_id(partition)) for partition in (0, 1, 2)))
            await trial.in_step()
    await trial.cast(*votes(100))
    trial.kafka.create_topics({trial.rejected_topic: 1})
    await trial.in_step()
    assert len(await trial.rejected(3)) == 3
    assert metric(consumer, "votes_rejected_total") == 3


async def test_a_lost_store_is_healed_from_the_ledger_without_traffic(trial: ProcessTrial) -> None:
    await trial.cast(*votes(500))
    trial.start_consumer()
    await trial.in_step()
    await trial.empty_tally()
    await trial.in_step()
    trial.drop_log()
    await trial.in_step()


async def test_the_final_result_is_of_the_votes_before_the_cut_whatever_was_lost(
    trial: ProcessTrial,
) -> None:
    trial.start_consumer()
    await trial.cast(*votes(300))
    before, cut = list(trial.votes.values()), await trial.ends()
    await trial.cast(*before[:20], *votes(60))
    final = tally_of(before).polls
    live = tally_of(trial.votes.values()).polls
    reader = TallyReader(trial.redis.url)
    assert len(final) == 2
    for lost in ("nothing", "tally", "tally and log"):
        if "log" in lost:
            trial.drop_log()
        if "tally" in lost:
            await trial.empty_tally()
        await trial.in_step()
        for poll, expected in final.items():
            counted = await votes_before_cut(trial.log, poll, cut)
            assert counted == expected
            standings = await reader.poll_standings(poll, sorted(live[poll].entries))
            assert standings.counted == live[poll]
            assert votes_behind_cut(counted, standings.counted) == 20
    await reader.close()


async def test_no_vote_is_lost_while_a_store_is_away(trial: ProcessTrial) -> None:
    consumer = trial.start_consumer()
    stores = {"Redis": trial.redis, "MongoDB": trial.mongodb}
    for count, (name, store) in enumerate(stores.items(), 300):
        await trial.cast(*votes(count))
        await trial.in_step()
        store.kill()
        try:
            await trial.cast(*votes(count + 100))
            await waits_for(consumer, name)
        finally:
            store.start()
        await trial.in_step()
        await waits_for(consumer, "")


async def test_the_lag_grows_while_a_store_is_away_and_a_new_consumer_shows_it(
    trial: ProcessTrial,
) -> None:
    first = trial.start_consumer()
    await trial.cast(*votes(300))
    await trial.in_step()
    trial.mongodb.kill()
    try:
        for records in (100, 200):  # offsets are committed before the second is seen
            await trial.cast(*votes(100))
            await lags(first, records)
        first.stop()
        second = trial.start_consumer(ready_path="/healthz")
        await lags(second, 200)
    finally:
        trial.mongodb.start()
    await trial.in_step()
    await shows(second, "svc_consumer_lag_records", 0)


async def test_a_killed_consumer_resumes_exactly_at_the_stores_positions(
    trial: ProcessTrial,
) -> None:
    consumer = trial.start_consumer()
    await trial.cast(*votes(6000))

    async def in_the_middle() -> bool:
        return await trial.counted() > 0

    await until(in_the_middle)
    consumer.kill()
    await trial.cast(*votes(6001)[:10])
    consumer.start()
    await trial.in_step()


async def test_a_stopped_consumer_ends_gracefully_and_another_takes_over(
    trial: ProcessTrial,
) -> None:
    first = trial.start_consumer()
    await trial.cast(*votes(50))
    second = trial.start_consumer()
    await trial.cast(*votes(51))
    await trial.in_step()
    first.stop()
    with pytest.raises(ServerError, match="exited with status 0"):
        first.check_running()
    await trial.cast(*votes(52))
    await trial.in_step()
    await shows(second, "svc_consumer_lag_records", 0)


async def test_it_starts_before_its_servers_and_waits_for_each(trial: ProcessTrial) -> None:
    await trial.cast(*votes(20))
    servers = {"Kafka": trial.kafka, "MongoDB": trial.mongodb, "Redis": trial.redis}
    for server in servers.values():
        server.stop()
    try:
        consumer = trial.start_consumer(ready_path="/healthz")
        for name, server in servers.items():
            await waits_for(consumer, name)
            server.start()
    finally:
        for server in servers.values():
            server.start()
    await trial.in_step()
    await waits_for(consumer, "")


async def test_it_recovers_when_kafka_comes_back(trial: ProcessTrial) -> None:
    consumer = trial.start_consumer()
    await trial.cast(*votes(20))
    await trial.in_step()
    trial.kafka.kill()
    try:
        await waits_for(consumer, "Kafka")
    finally:
        trial.kafka.start()
    await trial.cast(*votes(21))
    await trial.in_step()
    await waits_for(consumer, "")


async def test_a_replaced_topic_is_an_alarm_and_nothing_of_it_is_counted(
    trial: ProcessTrial,
) -> None:
    cast = votes(200)
    await trial.write(
        *(
            (v.id.encode(), encode_vote(v), PARTITION)
            for v in cast
            if partition_of(v.id, 6) == PARTITION
        )
    )
    async with Redis.from_url(trial.redis.url) as client:
        await client.hset(TALLY_KEY, position_field(PARTITION), "3:another-key")
        consumer = trial.start_consumer()
        await shows(consumer, "svc_consumer_partition_halted", 1)
        await trial.cast(*(v for v in cast if partition_of(v.id, 6) != PARTITION))
        await until(lambda: counted(trial))
        position = await client.hget(TALLY_KEY, position_field(PARTITION))
    assert position == b"3:another-key"
    assert unready_reason(consumer) == ""
    assert f"partition {PARTITION} is HALTED" in consumer.log.read_text()


async def counted(trial: ProcessTrial) -> bool:
    return await trial.counted() == len(trial.votes)


async def test_it_ends_in_time_while_a_store_hangs(trial: ProcessTrial) -> None:
    consumer = trial.start_consumer()
    await trial.cast(*votes(20))
    await trial.in_step()
    trial.mongodb.pause()
    try:
        await trial.cast(*votes(21))
        await lags(consumer)
        consumer.stop()
    finally:
        trial.mongodb.resume()
    with pytest.raises(ServerError, match="exited with status 0"):
        consumer.check_running()
    consumer.start()
    await trial.in_step()


async def test_a_wrong_setting_is_named_and_ends_it_with_status_2(service: StartService) -> None:
    with pytest.raises(ServerError, match=r"exited with status 2.*REDIS_URL"):
        service("svc_consumer", REDIS_URL="http://nonsense", KAFKA_BOOTSTRAP_SERVERS="x:1",
                MONGODB_URL="mongodb://x")  # fmt: skip
