"""The stores lose nothing when they are killed and started again on their data."""

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from pymongo import MongoClient
from redis import Redis

from harness.servers.kafka_server import KafkaServer
from harness.servers.mongodb_server import MongodbServer
from harness.servers.redis_server import RedisServer

pytest_plugins = ["harness.testing.fixtures"]


async def test_kafka_keeps_its_records(kafka: KafkaServer) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka.address, acks="all") as producer:
        await producer.send_and_wait("votes", b"a vote", partition=5)
    kafka.kill()
    kafka.start()
    kafka.create_topics()  # those that exist stay as they are
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.address, auto_offset_reset="earliest")
    async with consumer:
        consumer.assign([TopicPartition("votes", 5)])
        assert (await consumer.getone()).value == b"a vote"


def test_redis_keeps_its_data(redis_server: RedisServer) -> None:
    with Redis.from_url(redis_server.url) as client:
        client.hset("tally", "votes", "7")
    redis_server.stop()
    redis_server.start()
    with Redis.from_url(redis_server.url) as client:
        assert client.hget("tally", "votes") == b"7"


def test_mongodb_keeps_its_documents(mongodb: MongodbServer) -> None:
    with MongoClient[dict[str, str]](mongodb.url) as client:
        client.voting.votes.insert_one({"_id": "a vote"})
    mongodb.kill()
    mongodb.start()
    with MongoClient[dict[str, str]](mongodb.url) as client:
        assert list(client.voting.votes.find()) == [{"_id": "a vote"}]
