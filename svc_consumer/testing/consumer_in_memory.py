"""The consumer with a ledger and stores in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from harness.processes.waiting import until
from svc_consumer.counting.projector import Projector
from svc_consumer.loop.assignment import Assignment
from svc_consumer.loop.consumer import SERVERS, Consumer
from svc_consumer.loop.progress import Progress
from svc_consumer.loop.waiting import Waiting
from svc_consumer.metrics import HALTED
from svc_consumer.testing.fakes import (
    FakeLedger,
    FakeLog,
    FakeRecord,
    FakeRejected,
    FakeTally,
    a_vote,
    records_of,
)
from voting.domain.vote import new_vote_id
from voting.service.lifecycle import Readiness


class InMemoryTrial:
    """A consumer with a ledger and stores in memory."""

    def __init__(self) -> None:
        self.log, self.tally, self.rejected = FakeLog(), FakeTally(), FakeRejected()
        self.now = 0.0
        self.assignment = Assignment(clock=lambda: self.now)
        self.ledger = FakeLedger(self.assignment.clear)
        self.readiness = Readiness()
        self.waiting = Waiting(self.readiness, SERVERS)
        self.progress = Progress()
        self.consumer = Consumer(
            self.ledger,
            Projector(self.log, self.tally, self.rejected),
            self.assignment,
            self.waiting,
            self.progress,
        )

    def cast(self, partition: int, count: int) -> None:
        """Append votes to a partition."""
        records = self.ledger.records.setdefault(partition, [])
        votes = [a_vote(new_vote_id(partition)) for _ in range(count)]
        records += records_of(*votes, start=len(records))

    def block(self, partition: int) -> None:
        """Append a record that is not a vote, while rejected records cannot be written."""
        records = self.ledger.records.setdefault(partition, [])
        records.append(FakeRecord(len(records), None, None))
        self.rejected.down = True

    async def cannot_reject(self) -> None:
        """Return when the consumer waits for the topic of rejected records."""
        reason = "waiting for the topic of rejected records (refused)"
        await until(lambda: self.readiness.reason == reason)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the consumer while the context lasts."""

        async def run() -> None:
            await self.consumer.connect()
            await self.consumer.run()

        task = asyncio.create_task(run())
        yield
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            raise AssertionError("the consumer ended by itself")


def halted(partition: int) -> float:
    """Return 1 for a partition whose alarm is on, else 0."""
    value: float = HALTED.labels(partition)._value.get()
    return value
