"""Real servers for tests: `pytest_plugins = ["harness.testing.fixtures"]`.

Each starts when a test first asks for it, is shared by the tests of one run, and ends with it.
A test that stops one starts it again before it ends.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol

import pytest

from harness.processes.ports import free_port
from harness.processes.server import Server
from harness.servers.kafka_server import KafkaServer
from harness.servers.mongodb_server import MongodbServer
from harness.servers.redis_server import RedisServer
from harness.servers.services import Service, wiring
from tools.services.roster import SERVICES

# The address of each server that a service may need.
_ADDRESSES: Final[dict[str, Callable[[pytest.FixtureRequest], str]]] = {
    "kafka": lambda request: request.getfixturevalue("kafka").address,
    "redis": lambda request: request.getfixturevalue("redis_server").url,
    "redis-reader": lambda request: request.getfixturevalue("redis_server").reader_url,
    "mongodb": lambda request: request.getfixturevalue("mongodb").url,
}


def pytest_configure() -> None:
    """Ignore the proxies of the caller's shell: tests only use servers on this machine."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]


class StartService(Protocol):
    """The function that the fixture `service` returns."""

    def __call__(self, name: str, *, ready_path: str = "/readyz", **settings: str) -> Service:
        """Start a service on free ports; return when it answers 200 at `ready_path`.

        Unless given, the settings for Kafka, Redis and MongoDB name the fixtures' servers.
        """
        ...


@pytest.fixture(scope="session")
def server_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the folder for the servers' data and logs; Bazel keeps the logs as test outputs."""
    folder = tmp_path_factory.mktemp("servers")
    yield folder
    if kept := os.environ.get("TEST_UNDECLARED_OUTPUTS_DIR"):
        for log in (*folder.glob("*.log"), *folder.glob("service-*/*.log")):
            shutil.copy(log, Path(kept, "-".join(log.relative_to(folder).parts)))


@pytest.fixture(scope="session")
def kafka(server_folder: Path) -> Iterator[KafkaServer]:
    """Run Kafka with the topics of the voting system; `votes` has 6 partitions."""
    with KafkaServer(free_port(), free_port(), server_folder) as server:
        server.create_topics()
        yield server


@pytest.fixture(scope="session")
def redis_server(server_folder: Path) -> Iterator[RedisServer]:
    """Run an empty Redis."""
    with RedisServer("redis", free_port(), server_folder) as server:
        yield server


@pytest.fixture(scope="session")
def mongodb(server_folder: Path) -> Iterator[MongodbServer]:
    """Run an empty server of MongoDB's protocol."""
    with MongodbServer("mongodb", free_port(), server_folder) as server:
        yield server


@pytest.fixture(scope="session")
def service(server_folder: Path, request: pytest.FixtureRequest) -> Iterator[StartService]:
    """Return a function that starts our services as processes."""
    started: list[Server] = []

    def start(name: str, *, ready_path: str = "/readyz", **settings: str) -> Service:
        environment = wiring(name, lambda server: _ADDRESSES[server](request), settings)
        grpc_port = free_port() if SERVICES[name].grpc_port else None
        folder = server_folder / f"service-{len(started)}"
        server = Service(name, free_port(), folder, environment, grpc_port)
        server.ready_path = ready_path
        started.append(server)
        server.start()
        return server

    yield start
    for server in reversed(started):
        server.stop()
