"""Writing to Kafka with a real broker."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from prometheus_client import REGISTRY

from harness.processes import waiting
from harness.servers.kafka_server import KafkaServer
from voting.casting.sink import CLOSED, UNKNOWN, UnavailableError, cast_vote
from voting.domain.codec import CONTENT_TYPE, decode_vote
from voting.domain.vote import partition_of
from voting.ledger.settings import KafkaWriterSettings
from voting.ledger.writer import LedgerWriter
from voting.service.clock_watch import now_ms
from voting.service.lifecycle import Readiness
from voting.testing.examples import vote_with
from voting.testing.spans import below, is_below, recorded_spans

pytest_plugins = ["harness.testing.fixtures"]

PARTITIONS = 6
LOG_APPEND_TIME = 1
HOUR_MS = 3_600_000
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
CLIENT_ID = "0b0e7c9e-4f1c-4c6a-9d7b-1f2e3d4c5b6a"


@asynccontextmanager
async def ledger_writer(
    kafka: KafkaServer, **settings: object
) -> AsyncIterator[tuple[LedgerWriter, Readiness]]:
    readiness = Readiness()
    log = LedgerWriter(
        KafkaWriterSettings(kafka_bootstrap_servers=kafka.address, **settings),  # type: ignore[arg-type]
        readiness,
    )
    await log.start()
    yield log, readiness
    await log.stop()


async def until(condition: Callable[[], bool], readiness: Readiness) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await readiness.changed()


async def records(kafka: KafkaServer, vote_ids: set[str]) -> list[ConsumerRecord]:
    """Return all records of the topic whose key is one of these ids."""
    partitions = [TopicPartition("votes", number) for number in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.address)
    await consumer.start()
    try:
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        found: list[ConsumerRecord] = []
        while any([await consumer.position(tp) < ends[tp] for tp in partitions]):
            for batch in (await consumer.getmany(timeout_ms=1000)).values():
                found += [record for record in batch if record.key.decode() in vote_ids]
        return found
    finally:
        await consumer.stop()


async def test_a_kafka_that_refuses_every_vote_is_retried_with_growing_pauses(
    kafka: KafkaServer, caplog: pytest.LogCaptureFixture
) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await client.start()
    none = {"max.message.bytes": "1"}
    await client.create_topics([NewTopic("refusing", PARTITIONS, 1, topic_configs=none)])
    await client.close()
    began = asyncio.get_running_loop().time()
    async with ledger_writer(kafka, kafka_topic="refusing") as (log, readiness):
        for _ in range(4):
            await until(lambda: readiness.ready, readiness)
            with pytest.raises(UnavailableError):
                await cast_vote(log, vote_with(id=CLIENT_ID))
            await until(lambda: not readiness.ready, readiness)
    assert asyncio.get_running_loop().time() - began > 0.25 + 0.5 + 1
    assert sum("replacing" in message for message in caplog.messages) == 4


async def test_an_acknowledged_vote_is_in_its_partition(kafka: KafkaServer) -> None:
    vote = vote_with(id=CLIENT_ID)
    async with ledger_writer(kafka) as (log, readiness):
        await until(lambda: readiness.ready, readiness)
        await cast_vote(log, vote, TRACEPARENT)
    [record] = await records(kafka, {vote.id})
    assert decode_vote(record.value) == vote
    assert record.partition == partition_of(vote.id, PARTITIONS)
    assert record.timestamp_type == LOG_APPEND_TIME
    assert abs(record.timestamp - now_ms()) < 60_000
    assert dict(record.headers) == {
        "content-type": CONTENT_TYPE,
        "traceparent": TRACEPARENT.encode(),
    }


async def test_a_sampled_vote_has_a_span_that_its_record_names(kafka: KafkaServer) -> None:
    with recorded_spans() as recorded:
        async with ledger_writer(kafka) as (log, readiness):
            await until(lambda: readiness.ready, readiness)
            votes = [vote_with(id=log.new_id()) for _ in range(3)]
            parents = [TRACEPARENT, None, TRACEPARENT]
            await asyncio.gather(*map(cast_vote, [log] * 3, votes, parents, strict=True))
    found = await records(kafka, {vote.id for vote in votes})
    carried = {dict(record.headers).get("traceparent", b"").decode() for record in found}
    first, second = recorded.spans
    assert carried == {below(first), "", below(second)}
    assert is_below(first, TRACEPARENT)
    assert is_below(second, TRACEPARENT)
    assert [link.context for link in second.links] == [first.context]
    assert dict(first.attributes or {}) == {
        "messaging.system": "kafka",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": "votes",
        "messaging.destination.partition.id": str(found[0].partition),
        "messaging.batch.message_count": 3,
    }


async def test_votes_that_are_not_acknowledged_fail_their_spans(kafka: KafkaServer) -> None:
    with recorded_spans() as recorded:
        async with ledger_writer(kafka, ack_timeout_seconds=0.5) as (log, readiness):
            await until(lambda: readiness.ready, readiness)
            kafka.pause()
            try:
                with pytest.raises(UnavailableError):
                    await cast_vote(log, vote_with(id=log.new_id()), TRACEPARENT)
            finally:
                kafka.resume()
    [span] = recorded.spans
    assert (span.attributes or {})["error.type"] == "KafkaTimeoutError"


async def make_topic(kafka: KafkaServer, name: str) -> None:
    """Create a topic that keeps the writers' times, as another administrator might."""
    client = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await client.start()
    configs = {"message.timestamp.type": "CreateTime"}
    await client.create_topics([NewTopic(name, PARTITIONS, 1, topic_configs=configs)])
    await client.close()


@pytest.mark.parametrize("hours", [2, -24 * 365, 24 * 365 * 1000])
@pytest.mark.parametrize("topic", ["votes", "votes-elsewhere"])
async def test_a_wrong_clock_affects_no_vote(kafka: KafkaServer, topic: str, hours: int) -> None:
    """Kafka would refuse a batch for a single record more than an hour ahead."""
    if topic != "votes":
        await make_topic(kafka, topic)
    async with ledger_writer(kafka, kafka_topic=topic) as (log, readiness):
        await until(lambda: readiness.ready, readiness)
        wrong, right = now_ms() + hours * HOUR_MS, now_ms()
        votes = [vote_with(id=log.new_id(), cast_at_ms=t) for t in [right, wrong, right]]
        await asyncio.gather(*(cast_vote(log, vote) for vote in votes))
        assert readiness.ready


@pytest.mark.parametrize(("hours", "way"), [(2, "ahead of"), (-2, "behind")])
async def test_a_wrong_clock_is_logged_and_votes_are_accepted(
    kafka: KafkaServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    hours: int,
    way: str,
) -> None:
    monkeypatch.setattr("voting.ledger.writer.now_ms", lambda: now_ms() + hours * HOUR_MS)
    async with ledger_writer(kafka) as (log, readiness):
        await until(lambda: readiness.ready, readiness)
        for _ in range(3):
            await cast_vote(log, vote_with(id=log.new_id()))
        assert readiness.ready
    [message] = [message for message in caplog.messages if "clock" in message]
    found = re.fullmatch(rf"this machine's clock is (\d+) s {way} kafka's clock", message)
    assert found
    assert int(found[1]) == pytest.approx(7200, abs=60)
    offset = REGISTRY.get_sample_value("clock_offset_seconds", {"server": "kafka"})
    assert offset == pytest.approx(hours * 3600, abs=60)


async def test_votes_with_new_ids_that_arrive_together_share_a_partition(
    kafka: KafkaServer,
) -> None:
    async with ledger_writer(kafka) as (log, readiness):
        await until(lambda: readiness.ready, readiness)
        votes = []
        acknowledged = []
        for _ in range(50):
            votes.append(vote_with(id=log.new_id()))
            acknowledged.append(cast_vote(log, votes[-1]))
        await asyncio.gather(*acknowledged)
    stored = await records(kafka, {vote.id for vote in votes})
    assert len(stored) == 50
    assert len({record.partition for record in stored}) == 1


async def test_a_batch_larger_than_a_record_batch_is_split(kafka: KafkaServer) -> None:
    async with ledger_writer(kafka) as (log, readiness):
        await until(lambda: readiness.ready, readiness)
        votes = [
            vote_with(id=log.new_id(), name="\U0001f3b5" * 200, album="\U0001f3b6" * 200)
            for _ in range(600)  # about 1 MB
        ]
        await asyncio.gather(*(cast_vote(log, vote) for vote in votes))
    assert len(await records(kafka, {vote.id for vote in votes})) == 600


async def test_votes_beyond_the_queue_limit_are_refused_at_once(kafka: KafkaServer) -> None:
    async with ledger_writer(kafka, max_waiting_votes=10) as (log, readiness):
        await until(lambda: readiness.ready, readiness)
        acknowledged = [cast_vote(log, vote_with(id=log.new_id())) for _ in range(10)]
        with pytest.raises(UnavailableError, match="too many votes"):
            cast_vote(log, vote_with(id=log.new_id()))
        await asyncio.gather(*acknowledged)


async def test_stop_waits_for_acknowledgements(kafka: KafkaServer) -> None:
    async with ledger_writer(kafka) as (log, readiness):
        await until(lambda: readiness.ready, readiness)
        acknowledged = [cast_vote(log, vote_with(id=log.new_id())) for _ in range(20)]
    assert all(future.done() and future.exception() is None for future in acknowledged)


async def test_it_waits_for_kafka_and_recovers_from_its_loss(kafka: KafkaServer) -> None:
    vote = vote_with(id="0b0e7c9e-4f1c-4c6a-9d7b-1f2e3d4c5b6b")

    async def is_accepted() -> bool:
        with suppress(UnavailableError):
            await cast_vote(log, vote)
            return True
        return False

    await asyncio.to_thread(kafka.kill)
    async with ledger_writer(kafka, ack_timeout_seconds=1) as (log, readiness):
        await until(lambda: "waiting for Kafka" in (readiness.reason or ""), readiness)
        with pytest.raises(UnavailableError, match=f"^{CLOSED}$"):
            await cast_vote(log, vote)

        await asyncio.to_thread(kafka.start)
        await until(lambda: readiness.ready, readiness)
        await waiting.until(is_accepted)

        await asyncio.to_thread(kafka.kill)
        with pytest.raises(UnavailableError, match=f"^{UNKNOWN}$"):
            await cast_vote(log, vote)
        await until(lambda: not readiness.ready, readiness)

        await asyncio.to_thread(kafka.start)
        await until(lambda: readiness.ready, readiness)
        await waiting.until(is_accepted)
    stored = await records(kafka, {vote.id})
    assert len(stored) >= 2
    assert len({record.partition for record in stored}) == 1


async def test_a_lost_broker_shows_without_traffic(kafka: KafkaServer) -> None:
    async with ledger_writer(kafka) as (_, readiness):
        await until(lambda: readiness.ready, readiness)
        await asyncio.to_thread(kafka.kill)
        await until(lambda: not readiness.ready, readiness)
        await asyncio.to_thread(kafka.start)
        await until(lambda: readiness.ready, readiness)


async def test_a_producer_whose_client_no_longer_answers_is_replaced(kafka: KafkaServer) -> None:
    async with ledger_writer(kafka) as (log, readiness):
        await until(lambda: readiness.ready, readiness)
        kafka.pause()
        try:
            await until(lambda: not readiness.ready, readiness)
        finally:
            kafka.resume()
        await until(lambda: readiness.ready, readiness)
        await cast_vote(log, vote_with(id=log.new_id()))
