"""Writing votes to Kafka in batches, and what that costs alone."""

import itertools
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, Self, override

from bench.cases.turn import Case, Turn
from harness.servers.kafka_server import KafkaServer
from harness.voters.ballots import sample_votes
from voting.domain.codec import record_of
from voting.domain.vote import Vote
from voting.ledger.producer import close_producer, new_producer, record_batches

TOPIC: Final = "bench.writes"
BATCH_VOTES: Final = 1000
_PARTITIONS: Final = 6


class Writer:
    """Writes votes to a topic as the routes do, a partition at a time. A context."""

    def __init__(self, bootstrap_servers: str, topic: str) -> None:
        self._topic = topic
        self._producer = new_producer({"bootstrap_servers": bootstrap_servers})

    async def __aenter__(self) -> Self:
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await close_producer(self._producer)

    def encode(self, votes: Sequence[Vote]) -> list[object]:
        """Return the votes as record batches."""
        return list(record_batches(self._producer, [record_of(vote) for vote in votes]))

    async def send(self, batches: Sequence[object], partition: int) -> None:
        """Return when Kafka has acknowledged these batches."""
        for batch in batches:
            await (await self._producer.send_batch(batch, self._topic, partition=partition))

    async def fill(self, count: int, partitions: int) -> None:
        """Write so many votes, batches of 1,000 at most, over all partitions in turn."""
        all_partitions = itertools.cycle(range(partitions))
        size = min(BATCH_VOTES, -(-count // partitions))
        for start in range(0, count, size):
            partition = next(all_partitions)
            votes = sample_votes(partition, min(size, count - start))
            await self.send(self.encode(votes), partition)


class KafkaWrite(Case):
    """Batches of so many votes, encoded and written by this process, one after the other."""

    def __init__(self, writer: Writer, size: int) -> None:
        name = f"kafka-{size}"
        what = f"writing to Kafka alone, batches of {size:,}"
        super().__init__(name, what, ("encode", "send"))
        self._writer = writer
        self._votes = [sample_votes(partition, size) for partition in range(_PARTITIONS)]

    @classmethod
    @asynccontextmanager
    async def cases(cls, kafka: KafkaServer) -> AsyncIterator[list[Case]]:
        """Return a case with batches as from 64 connections, and one with the largest ones."""
        kafka.create_topics({TOPIC: _PARTITIONS})
        async with Writer(kafka.address, TOPIC) as writer:
            yield [cls(writer, 64), cls(writer, BATCH_VOTES)]

    @override
    async def turn(self, seconds: float) -> Turn:
        begin, used, written = time.perf_counter(), {"encode": 0.0, "send": 0.0}, 0
        for partition in self._partitions(begin + seconds):
            started = time.process_time()
            batches = self._writer.encode(self._votes[partition])
            encoded = time.process_time()
            await self._writer.send(batches, partition)
            used["encode"] += encoded - started
            used["send"] += time.process_time() - encoded
            written += len(self._votes[partition])
        return Turn(written, time.perf_counter() - begin, used)

    def _partitions(self, end: float) -> Iterator[int]:
        for partition in itertools.cycle(range(_PARTITIONS)):
            yield partition
            if time.perf_counter() > end:
                return
