"""Fixtures for tests of consumers as processes, beside `harness.testing.fixtures`."""

from collections.abc import AsyncIterator

import pytest

from harness.servers.kafka_server import KafkaServer
from harness.servers.mongodb_server import MongodbServer
from harness.servers.redis_server import RedisServer
from harness.testing.fixtures import StartService
from svc_consumer.testing.consumer_process import ProcessTrial


@pytest.fixture
async def trial(
    kafka: KafkaServer, redis_server: RedisServer, mongodb: MongodbServer, service: StartService
) -> AsyncIterator[ProcessTrial]:
    """Return topics and empty stores for a test and its consumers."""
    trial = ProcessTrial(kafka, redis_server, mongodb, service)
    await trial.empty_tally()
    trial.drop_log()
    yield trial
    await trial.close()
