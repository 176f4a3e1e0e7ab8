"""The consumer as a process with real servers, and votes that a test casts."""

import asyncio
import itertools
import json
import random
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from pymongo import MongoClient
from redis.asyncio import Redis

from harness.processes.waiting import until
from harness.servers.kafka_server import KafkaServer
from harness.servers.mongodb_server import MongodbServer
from harness.servers.redis_server import RedisServer
from harness.servers.services import Service
from svc_consumer.testing.fakes import PARTITIONS, a_vote
from voting.client.samples import poll_fields
from voting.domain.codec import encode_vote
from voting.domain.tally import Tally, tally_of
from voting.domain.vote import Route, Vote, new_vote_id, partition_of
from voting.stores.settings import DATABASE
from voting.stores.tally_store import TallyStore
from voting.stores.vote_log import VoteLog
from voting.stores.vote_log_reader import COLLECTION

if TYPE_CHECKING:  # pytest loads it as a plugin and must be the first to do so
    from harness.testing.fixtures import StartService

_LIMIT_SECONDS: Final = 30
_numbers = itertools.count()


class ProcessTrial:
    """Consumers with topics and a group of their own, and stores that start empty.

    `votes` has the first copy of every vote that should count, by id.
    """

    def __init__(
        self, kafka: KafkaServer, redis: RedisServer, mongodb: MongodbServer, start: StartService
    ) -> None:
        self.kafka, self.redis, self.mongodb = kafka, redis, mongodb
        self._start = start
        self.topic = f"votes-{next(_numbers)}"
        self.rejected_topic = f"{self.topic}.rejected"
        self.polls_topic = f"{self.topic}.polls"
        self.votes: dict[str, Vote] = {}
        self.consumers: list[Service] = []
        self.log = VoteLog(mongodb.url, DATABASE)
        self._tally = TallyStore(redis.url)
        kafka.create_topics({self.topic: PARTITIONS, self.rejected_topic: 1, self.polls_topic: 1})

    async def empty_tally(self) -> None:
        """Delete everything in Redis."""
        async with Redis.from_url(self.redis.url) as client:
            await client.flushall()

    def drop_log(self) -> None:
        """Drop the vote log in MongoDB."""
        with MongoClient[dict[str, object]](self.mongodb.url) as client:
            client[DATABASE][COLLECTION].drop()

    async def close(self) -> None:
        """End the consumers and all connections."""
        for consumer in self.consumers:
            consumer.stop()
        self.log.close()
        await self._tally.close()

    def start_consumer(self, ready_path: str = "/readyz") -> Service:
        """Start a consumer and return when it is ready."""
        consumer = self._start(
            "svc_consumer",
            ready_path=ready_path,
            KAFKA_TOPIC=self.topic,
            KAFKA_REJECTED_TOPIC=self.rejected_topic,
            KAFKA_POLLS_TOPIC=self.polls_topic,
            KAFKA_GROUP=self.topic,
            MONGODB_DATABASE=DATABASE,
        )
        self.consumers.append(consumer)
        return consumer

    async def cast(self, *votes: Vote) -> None:
        """Append votes to the ledger, as both routes do."""
        for vote in votes:
            self.votes.setdefault(vote.id, vote)
        await self.write(
            *((v.id.encode(), encode_vote(v), partition_of(v.id, PARTITIONS)) for v in votes)
        )

    async def write(self, *records: tuple[bytes | None, bytes | None, int]) -> None:
        """Append records (key, value, partition) to the ledger."""
        async with AIOKafkaProducer(bootstrap_servers=self.kafka.address, acks="all") as producer:
            acknowledged = [
                await producer.send(self.topic, value, key=key, partition=partition)
                for key, value, partition in records
            ]
            await asyncio.gather(*acknowledged)

    async def in_step(self) -> None:
        """Wait until both stores have exactly the votes cast; fail if that takes too long."""
        expected = _counts(tally_of(self.votes.values()))

        async def reached() -> bool:
            return (
                _counts(await self._tally.read()) == expected
                and _counts(await self.log.tally()) == expected
            )

        await until(reached)
        logged = await self.log.find(list(self.votes))
        if {vote_id: found.vote for vote_id, found in logged.items()} != self.votes:
            raise AssertionError("the vote log has other copies than the first")

    async def ends(self) -> list[int]:
        """Return the end of each partition of the ledger."""
        partitions = [TopicPartition(self.topic, number) for number in range(PARTITIONS)]
        async with AIOKafkaConsumer(bootstrap_servers=self.kafka.address) as consumer:
            found = await consumer.end_offsets(partitions)
        return [found[partition] for partition in partitions]

    async def counted(self) -> int:
        """Return how many votes the tally has."""
        return (await self._tally.read()).votes

    async def rejected(self, count: int) -> list[ConsumerRecord[bytes, bytes]]:
        """Wait for this many rejected records and return them."""
        async with AIOKafkaConsumer(bootstrap_servers=self.kafka.address) as consumer:
            partition = TopicPartition(self.rejected_topic, 0)
            consumer.assign([partition])
            consumer.seek(partition, 0)
            found: list[ConsumerRecord[bytes, bytes]] = []
            async with asyncio.timeout(_LIMIT_SECONDS):
                while len(found) < count:
                    found += (await consumer.getmany(timeout_ms=200)).get(partition, [])
            return found


def votes(count: int) -> list[Vote]:
    """Return random votes for ten albums and in two polls, over all partitions and both routes."""
    chance = random.Random(count)  # noqa: S311 - not for secrets
    return [
        a_vote(
            new_vote_id(chance.randrange(PARTITIONS)),
            album=f"Album {chance.randrange(10)}",
            rank=chance.randint(1, 100),
            route=chance.choice(list(Route)),
            **poll_fields(number),
        )
        for number in range(count)
    ]


def metric(consumer: Service, name: str) -> float:
    """Return the sum of a metric of a consumer over its labels."""
    with urllib.request.urlopen(f"{consumer.url}/metrics") as answer:  # noqa: S310 - our own
        lines = answer.read().decode().splitlines()
    samples = (line.rpartition(" ") for line in lines)
    return sum(float(value) for key, _, value in samples if key.partition("{")[0] == name)


def unready_reason(consumer: Service) -> str:
    """Return why a consumer is not ready; "" if it is."""
    try:
        urllib.request.urlopen(f"{consumer.url}/readyz").close()  # noqa: S310 - our own
    except urllib.error.HTTPError as error:
        with error:
            return str(json.load(error)["reason"])
    return ""


def _counts(tally: Tally) -> tuple[object, object, object]:
    return tally.albums, tally.routes, tally.polls
