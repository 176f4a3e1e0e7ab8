"""Real servers that answer reads and refuse writes: a replica, a full one, a closed topic."""

import asyncio

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from redis.asyncio import Redis

from harness.processes.waiting import until
from harness.servers.services import Service
from svc_consumer.testing.consumer_process import ProcessTrial, unready_reason, votes
from svc_consumer.testing.fakes import PARTITION, PARTITIONS, a_vote
from voting.domain.vote import new_vote_id

pytest_plugins = ["harness.testing.fixtures", "svc_consumer.testing.process_fixtures"]

# Each partition is refused once when it counts and then at each sync: after 0.15 s at the earliest,
# then after 0.3 s, 0.6 s and so on.
CALLS_EACH = 4
LEAST_SECONDS = 0.15 + 0.3 + 0.6

# Redis's answer to a refused write, and the commands that make it refuse and accept writes.
REFUSALS = {
    "replica": ("read only replica", "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
    "full": ("used memory", "CONFIG SET maxmemory 1", "CONFIG SET maxmemory 256mb"),
}


async def execute(redis: Redis, command: str) -> None:
    await redis.execute_command(*command.split())  # type: ignore[no-untyped-call]


async def script_calls(redis: Redis) -> int:
    """Return how often the consumer has called a script, which every write is."""
    return int((await redis.info("commandstats"))["cmdstat_evalsha"]["calls"])


def changes(consumer: Service) -> list[str]:
    """Return the logged changes of readiness."""
    lines = consumer.log.read_text().splitlines()
    return [line for line in lines if "ready" in line]


async def becomes(consumer: Service, *, ready: bool) -> None:
    async def reached() -> bool:
        return ready is not bool(unready_reason(consumer))

    await until(reached)


@pytest.mark.parametrize("why", REFUSALS)
async def test_a_redis_that_refuses_writes_is_retried_with_pauses_and_logged_once(
    trial: ProcessTrial, why: str
) -> None:
    answer, refuse, accept = REFUSALS[why]
    consumer = trial.start_consumer()
    await trial.cast(*votes(200))
    await trial.in_step()
    async with Redis.from_url(trial.redis.url) as redis:
        changed, lines = len(changes(consumer)), len(consumer.log.read_text().splitlines())
        await execute(redis, refuse)
        try:
            asked = await script_calls(redis) + CALLS_EACH * PARTITIONS
            began = asyncio.get_running_loop().time()
            await trial.cast(*votes(300))
            await becomes(consumer, ready=False)

            async def asked_often() -> bool:
                return await script_calls(redis) >= asked

            await until(asked_often)
            assert asyncio.get_running_loop().time() - began > LEAST_SECONDS
            assert answer in unready_reason(consumer)
            assert len(changes(consumer)) == changed + 1
            assert len(consumer.log.read_text().splitlines()) <= lines + 2 + PARTITIONS
        finally:
            await execute(redis, accept)
    await trial.in_step()
    await becomes(consumer, ready=True)
    assert len(changes(consumer)) == changed + 2


async def test_without_votes_it_is_not_ready_until_redis_takes_a_write(trial: ProcessTrial) -> None:
    async with Redis.from_url(trial.redis.url) as redis:
        _, refuse, accept = REFUSALS["replica"]
        await execute(redis, refuse)
        try:
            consumer = trial.start_consumer(ready_path="/healthz")

            async def refused() -> bool:
                return "read only replica" in unready_reason(consumer)

            await until(refused)
            asked = await script_calls(redis) + 2 * PARTITIONS

            async def asked_again() -> bool:
                return await script_calls(redis) >= asked

            await until(asked_again)
            assert await refused()
            assert not any("lifecycle: ready" in line for line in changes(consumer))
        finally:
            await execute(redis, accept)
        await becomes(consumer, ready=True)


async def make_unwritable(trial: ProcessTrial) -> None:
    """Create a topic of rejected records that refuses every record as too large."""
    trial.rejected_topic = f"{trial.topic}.unwritable"
    client = AIOKafkaAdminClient(bootstrap_servers=trial.kafka.address)
    await client.start()
    configs = {"max.message.bytes": "1"}
    await client.create_topics([NewTopic(trial.rejected_topic, 1, 1, topic_configs=configs)])
    await client.close()


async def make_writable(trial: ProcessTrial) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=trial.kafka.address)
    await client.start()
    configs = {"max.message.bytes": "1000000"}
    topic = ConfigResource(ConfigResourceType.TOPIC, trial.rejected_topic, configs)
    await client.alter_configs([topic])
    await client.close()


async def test_an_unwritable_topic_of_rejected_records_is_logged_once_and_written_later(
    trial: ProcessTrial,
) -> None:
    await make_unwritable(trial)
    consumer = trial.start_consumer()
    changed = len(changes(consumer))
    await trial.write(*((b"not a vote", None, partition) for partition in (PARTITION, 4)))
    await becomes(consumer, ready=False)
    for _ in range(30):
        await trial.cast(*(a_vote(new_vote_id(partition)) for partition in (0, 1, 2)))
        await trial.in_step()
    assert trial.rejected_topic in unready_reason(consumer)
    assert len(changes(consumer)) == changed + 1
    await make_writable(trial)
    await becomes(consumer, ready=True)
    await trial.in_step()
    assert len(changes(consumer)) == changed + 2
    assert len(await trial.rejected(2)) == 2
