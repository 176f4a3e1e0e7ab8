"""Servers and services as the component `encryption` deploys them.

A proxy adds TLS to the server of MongoDB's protocol, which has no users: their passwords and rights
are not tried.
"""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.processes.ports import free_port
from harness.servers.kafka_config import Node
from harness.servers.mongodb_server import MongodbServer
from harness.servers.services import Service
from harness.servers.tcp_proxy import TcpProxy
from k8s.encryption.testing.deployed import Cluster
from k8s.encryption.testing.kafka_server import EncryptedKafka, run_job
from k8s.encryption.testing.redis_server import EncryptedRedis

if TYPE_CHECKING:  # pytest wants to import its plug-ins itself
    from harness.testing.fixtures import StartService

pytest_plugins = ["harness.testing.fixtures"]


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """Return what is deployed, with certificates and passwords of this session."""
    return Cluster(tmp_path_factory.mktemp("cluster"))


@pytest.fixture(scope="session")
def encrypted_kafka(server_folder: Path, cluster: Cluster) -> Iterator[EncryptedKafka]:
    """Run Kafka; the Job has made the topics and granted the rights."""
    node = Node(1, free_port(), free_port())
    with EncryptedKafka(server_folder, cluster, node, [node]) as server:
        asyncio.run(run_job(cluster, server.address, replicas=1))
        yield server


@pytest.fixture(scope="session")
def encrypted_redis(server_folder: Path, cluster: Cluster) -> Iterator[EncryptedRedis]:
    """Run Redis with a user for each service."""
    with EncryptedRedis(server_folder, cluster) as server:
        yield server


@pytest.fixture(scope="session")
def addresses(
    encrypted_kafka: EncryptedKafka,
    encrypted_redis: EncryptedRedis,
    mongodb: MongodbServer,
    server_folder: Path,
    cluster: Cluster,
) -> Iterator[dict[str, str]]:
    """Run every server; yield their addresses by the names of settings."""
    pem = cluster.file("mongodb-tls", "tls-combined.pem")
    with TcpProxy("mongodb-tls", free_port(), mongodb.port, server_folder, pem) as proxy:
        yield {
            "KAFKA_BOOTSTRAP_SERVERS": encrypted_kafka.address,
            "REDIS_URL": encrypted_redis.address,
            "MONGODB_URL": proxy.address,
        }


@pytest.fixture(scope="session")
def start(
    service: StartService, addresses: dict[str, str], cluster: Cluster
) -> Callable[..., Service]:
    """Return a function that starts a service with the settings of its Deployment."""

    def start(name: str, **more: str) -> Service:
        deployment = f"Deployment/{name.replace('_', '-')}"
        return service(name, **cluster.settings(deployment, {**addresses, **more}))

    return start
