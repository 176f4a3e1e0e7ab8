"""Rulings with a real consumer, Kafka, Redis and a server of MongoDB's protocol."""

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

import pytest
from aiokafka import AIOKafkaProducer

from harness.processes.waiting import until
from harness.servers.kafka_server import KafkaServer
from harness.servers.mongodb_server import MongodbServer
from harness.servers.redis_server import RedisServer
from svc_consumer.testing.consumer_process import ProcessTrial, votes
from voting.client.samples import SAMPLE_POLLS
from voting.domain.tally import PollTally, tally_of
from voting.domain.vote import Vote
from voting.polls.event import Approve, Change, Open, Propose
from voting.polls.excluded import net
from voting.polls.ruling import Lift, vote_ids
from voting.service.clock_watch import now_ms
from voting.stores.tally_exclusion import PollStandings
from voting.stores.tally_reader import TallyReader
from voting.testing.polls import PollLog

if TYPE_CHECKING:  # pytest loads it as a plugin and must be the first to do so
    from harness.testing.fixtures import StartService

pytest_plugins = ["harness.testing.fixtures"]

POLL: Final = SAMPLE_POLLS[0]


class RuledTrial(ProcessTrial):
    """Consumers that follow a log of polls, to which the test writes."""

    polls = PollLog()
    """As this test's clock has it; Kafka's is that of the same machine."""

    async def begin(self) -> None:
        """Define and open the poll."""
        self.polls = PollLog()
        self.polls.define(now_ms(), POLL)
        await self._write()
        await self.append(Open())

    async def append(self, change: Change, author: str = "ana") -> None:
        """Append an event."""
        assert self.polls.append(change, now_ms(), POLL, author).refusal is None
        await self._write()

    async def rule_out(self, some: Sequence[Vote]) -> None:
        """Exclude these votes."""
        await self.append(Propose(vote_ids(UUID(vote.id).bytes for vote in some), "Bots"))
        await self.append(Approve(len(self.polls.book.polls[POLL].rulings)), "ben")

    async def _write(self) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self.kafka.address, acks="all") as producer:
            await producer.send_and_wait(self.polls_topic, self.polls.records[-1][0])

    def left(self, excluded: Sequence[Vote]) -> PollTally:
        """Return what counts in the poll without these."""
        ids = {vote.id for vote in excluded}
        return tally_of(one for one in self.votes.values() if one.id not in ids).polls[POLL]

    async def shows(self, reader: TallyReader, expected: PollTally) -> PollStandings:
        """Return what the tally has, once its net sums are these."""
        keys = sorted(tally_of(self.votes.values()).polls[POLL].entries)
        found: list[PollStandings] = []

        async def reached() -> bool:
            found.append(await reader.poll_standings(POLL, keys))
            return net(found[-1].counted, found[-1].exclusion.excluded) == expected

        await until(reached)
        return found[-1]


@pytest.fixture
async def trial(
    kafka: KafkaServer, redis_server: RedisServer, mongodb: MongodbServer, service: StartService
) -> AsyncIterator[RuledTrial]:
    trial = RuledTrial(kafka, redis_server, mongodb, service)
    await trial.empty_tally()
    trial.drop_log()
    await trial.begin()
    yield trial
    await trial.close()


@pytest.fixture
async def reader(redis_server: RedisServer) -> AsyncIterator[TallyReader]:
    reader = TallyReader(redis_server.url)
    yield reader
    await reader.close()


async def test_rulings_are_applied_lifted_and_survive_every_loss(
    trial: RuledTrial, reader: TallyReader
) -> None:
    trial.start_consumer()
    await trial.cast(*votes(300))
    bots = [vote for vote in trial.votes.values() if vote.poll == POLL][:40]
    await trial.rule_out(bots)
    applied = await trial.shows(reader, trial.left(bots))
    assert applied.exclusion.excluded.by_ruling[1].votes == 40
    await trial.cast(*bots[:10], *votes(60))  # copies do not take the place of what is excluded
    await trial.shows(reader, trial.left(bots))
    for lost in ("tally", "tally and log", "consumer"):
        if "log" in lost:
            trial.drop_log()
        if "tally" in lost:
            await trial.empty_tally()
        if lost == "consumer":
            trial.consumers.pop().kill()
            await trial.empty_tally()
            trial.start_consumer()
        await trial.shows(reader, trial.left(bots))
    await trial.rule_out([vote for vote in trial.votes.values() if vote.poll == POLL][20:60])
    both = [vote for vote in trial.votes.values() if vote.poll == POLL][:60]
    found = await trial.shows(reader, trial.left(both))
    assert {n: one.votes for n, one in found.exclusion.excluded.by_ruling.items()} == {1: 40, 2: 20}
    await trial.append(Propose(Lift(1), "They were people"))
    await trial.append(Approve(3), "ben")
    await trial.shows(reader, trial.left(both[20:]))
