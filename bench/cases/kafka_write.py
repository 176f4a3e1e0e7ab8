"""What it costs to write votes to Kafka in batches, and nothing else."""

import itertools
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final, override

from bench.apparatus.turn import Case, Turn
from harness.filler.batch_writer import BATCH_VOTES, BatchWriter
from harness.servers.kafka_server import KafkaServer
from harness.voters.sample_votes import sample_votes

TOPIC: Final = "bench.writes"
_PARTITIONS: Final = 6


class KafkaWrite(Case):
    """Batches of one size, encoded and written by this process, one after the other."""

    def __init__(self, writer: BatchWriter, size: int) -> None:
        name = f"kafka-{size}"
        what = f"writing to Kafka alone, batches of {size:,}"
        super().__init__(name, what, ("encode", "send"))
        self._writer = writer
        self._votes = [sample_votes(partition, size) for partition in range(_PARTITIONS)]

    @classmethod
    @asynccontextmanager
    async def cases(cls, kafka: KafkaServer) -> AsyncIterator[list[Case]]:
        """Yield a case with batches as from 64 connections, and one with the largest batches."""
        kafka.create_topics({TOPIC: _PARTITIONS})
        async with BatchWriter(kafka.address, TOPIC) as writer:
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
