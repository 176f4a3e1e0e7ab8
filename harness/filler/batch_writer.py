"""Writes votes to a topic in batches, as the routes do."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Final, Self

from harness.voters.sample_votes import sample_votes
from voting.casting.group_commit import settle
from voting.domain.codec import record_of
from voting.domain.vote import Vote
from voting.ledger.producer import Producer
from voting.ledger.record_batches import record_batches

BATCH_VOTES: Final = 1000
"""The most votes in one batch."""

_ANSWER_SECONDS: Final = 30


class BatchWriter:
    """A context that writes votes to a topic, one batch to one partition at a time.

    The votes that `fill` makes are in `poll`, if one is named.
    """

    def __init__(self, bootstrap_servers: str, topic: str, poll: str = "") -> None:
        self._topic = topic
        self._poll = poll
        self._producer = Producer({"bootstrap_servers": bootstrap_servers}, topic, _ANSWER_SECONDS)

    async def __aenter__(self) -> Self:
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.close()

    def encode(self, votes: Sequence[Vote]) -> list[bytes]:
        """Return the votes as record batches."""
        return record_batches([record_of(vote) for vote in votes])

    async def send(self, batches: Sequence[bytes], partition: int) -> None:
        """Return when Kafka has acknowledged these batches."""
        written: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._producer.write(
            {partition: list(batches)}, lambda _, outcome: settle(written, outcome)
        )
        await written

    async def fill(self, count: int, partitions: int) -> None:
        """Write `count` votes in batches of at most 1,000, to all partitions in turn."""
        all_partitions = itertools.cycle(range(partitions))
        size = min(BATCH_VOTES, -(-count // partitions))
        for start in range(0, count, size):
            partition = next(all_partitions)
            votes = sample_votes(partition, min(size, count - start), self._poll)
            await self.send(self.encode(votes), partition)
