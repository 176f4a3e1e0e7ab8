"""Rulings with a real consumer, Kafka, Redis and a server of MongoDB's protocol."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from harness.servers.kafka_server import KafkaServer
from harness.servers.mongodb_server import MongodbServer
from harness.servers.redis_server import RedisServer
from svc_consumer.testing.consumer_process import votes
from svc_consumer.testing.ruled_trial import POLL, RuledTrial
from voting.polls.event import Approve, Propose
from voting.polls.ruling import Lift
from voting.stores.tally_reader import TallyReader

if TYPE_CHECKING:  # pytest loads it as a plugin and must be the first to do so
    from harness.testing.fixtures import StartService

pytest_plugins = ["harness.testing.fixtures"]


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
