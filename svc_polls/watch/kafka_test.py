"""The flow of votes, read from a real broker."""

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from svc_polls.settings import PollsSettings
from svc_polls.watch.vote_flow import read_vote_flow

if TYPE_CHECKING:
    from harness.servers.kafka_server import KafkaServer

pytest_plugins = ["harness.testing.fixtures"]


async def add(kafka: KafkaServer, topic: str, count: int) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka.address, acks="all") as producer:
        for number in range(count):
            await producer.send_and_wait(topic, b"a vote", partition=number % 2)


async def commit(kafka: KafkaServer, topic: str, group: str, offsets: dict[int, int]) -> None:
    consumer: AIOKafkaConsumer[Any, Any] = AIOKafkaConsumer(
        bootstrap_servers=kafka.address, group_id=group, enable_auto_commit=False
    )
    where = {TopicPartition(topic, number): offset for number, offset in offsets.items()}
    async with consumer:
        consumer.assign([*where])
        await consumer.commit(where)


async def test_rate_and_lag_follow_the_topic_and_the_consumer(kafka: KafkaServer) -> None:
    kafka.create_topics({"flow": 2})
    settings = PollsSettings(
        kafka_bootstrap_servers=kafka.address, kafka_topic="flow", kafka_group="counting"
    )
    await add(kafka, "flow", 10)
    async with aclosing(read_vote_flow(settings)) as flow:
        first = await anext(flow)
        assert (first.per_second, first.lag) == (None, None)
        await add(kafka, "flow", 20)
        await commit(kafka, "flow", "counting", {0: 15, 1: 11})
        second = await anext(flow)
        assert (second.lag, second.trouble) == (4, None)
        assert second.per_second is not None
        assert second.per_second > 0


async def test_a_missing_topic_is_named(kafka: KafkaServer) -> None:
    settings = PollsSettings(kafka_bootstrap_servers=kafka.address, kafka_topic="missing")
    async with aclosing(read_vote_flow(settings)) as flow:
        assert "topic missing does not exist" in str((await anext(flow)).trouble)
