"""Writes votes to a topic in batches, as the routes do."""

import itertools
from collections.abc import Sequence
from typing import Final, Self

from harness.voters.sample_votes import sample_votes
from voting.domain.codec import record_of
from voting.domain.vote import Vote
from voting.ledger.producer import close_producer, new_producer, record_batches

BATCH_VOTES: Final = 1000
"""The most votes in one batch."""


class BatchWriter:
    """A context that writes votes to a topic, one batch to one partition at a time.

    The votes that `fill` makes are in `poll`, if one is named.
    """

    def __init__(self, bootstrap_servers: str, topic: str, poll: str = "") -> None:
        self._topic = topic
        self._poll = poll
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
        """Write `count` votes in batches of at most 1,000, to all partitions in turn."""
        all_partitions = itertools.cycle(range(partitions))
        size = min(BATCH_VOTES, -(-count // partitions))
        for start in range(0, count, size):
            partition = next(all_partitions)
            votes = sample_votes(partition, min(size, count - start), self._poll)
            await self.send(self.encode(votes), partition)
