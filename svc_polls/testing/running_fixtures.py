"""Fixtures for tests of the running svc_polls, beside `harness.testing.fixtures`."""

from collections.abc import Iterator

import pytest

from harness.servers.kafka_server import KafkaServer
from harness.testing.fixtures import StartService
from svc_polls.testing.running import NUMBERS, Organisers, Topics


@pytest.fixture
def topics(kafka: KafkaServer, service: StartService) -> Iterator[Topics]:
    """Return topics for a test and its instances."""
    found = Topics(kafka, service)
    yield found
    found.stop()


@pytest.fixture(scope="module")
def shared(kafka: KafkaServer, service: StartService) -> Iterator[Organisers]:
    """Return an instance for tests that do not harm it."""
    found = Topics(kafka, service)
    yield found.start()
    found.stop()


@pytest.fixture
def poll() -> str:
    """Return the id of a poll that no other test has."""
    return f"poll-{next(NUMBERS)}"
