"""Who may do what in an encrypted Kafka."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    GroupCoordinatorNotAvailableError,
    TopicAuthorizationFailedError,
)

from harness.processes.ports import free_port
from harness.processes.server import start_together, stop_together
from harness.processes.waiting import until
from harness.servers.kafka_config import Node
from k8s.encryption.testing.deployed import USING_KAFKA, Cluster
from k8s.encryption.testing.kafka_server import EncryptedKafka, run_job
from voting.ledger.connection import connection_arguments, connection_refusal
from voting.ledger.settings import KafkaSettings
from voting.service.settings import read_settings

pytest_plugins = ["k8s.encryption.testing.fixtures"]


@pytest.fixture
def login(encrypted_kafka: EncryptedKafka, cluster: Cluster) -> Callable[[str], dict[str, Any]]:
    """Return a function that returns how a service connects to Kafka."""
    address = {"KAFKA_BOOTSTRAP_SERVERS": encrypted_kafka.address}

    def login(name: str) -> dict[str, Any]:
        found = cluster.settings(f"Deployment/{name.replace('_', '-')}", address)
        return connection_arguments(read_settings(KafkaSettings, found))

    return login


async def test_three_nodes_replicate_and_share_rights(tmp_path: Path, cluster: Cluster) -> None:
    nodes = [Node(number, free_port(), free_port()) for number in (1, 2, 3)]
    servers = [EncryptedKafka(tmp_path, cluster, node, nodes) for node in nodes]
    try:
        start_together(servers)
        made = await run_job(cluster, servers[0].address, replicas=3)
        assert sorted(made) == ["polls", "votes", "votes.albums", "votes.rejected"]
        address = {"KAFKA_BOOTSTRAP_SERVERS": servers[-1].address}
        found = cluster.settings("Deployment/svc-http-route", address)
        connection = connection_arguments(read_settings(KafkaSettings, found))
        async with AIOKafkaProducer(**connection, acks="all") as producer:
            for partition in range(3):
                await producer.send_and_wait("votes", b"x", partition=partition)
            with pytest.raises(TopicAuthorizationFailedError):
                await producer.send_and_wait("polls", b"x")
    finally:
        stop_together(servers)


ALLOWED: Final = {
    "svc_grpc_server": {"write votes", "read votes.albums", "read polls"},
    "svc_http_route": {"write votes", "read votes.albums", "read polls"},
    "svc_consumer": {
        "read votes",
        "write votes.rejected",
        "read votes.albums",
        "write votes.albums",
        "read polls",
    },
    "svc_results": {"read polls"},
    "svc_polls": {"read polls", "write polls", "read votes"},
    "svc_voters": {"read polls"},
    "svc_notary": {"read votes", "read polls"},
}
"""What docs/operations.md says of each user."""


@pytest.mark.parametrize("name", USING_KAFKA)
async def test_a_service_may_do_in_kafka_what_it_needs_and_no_more(
    name: str, login: Callable[[str], dict[str, Any]]
) -> None:
    found = set()
    for topic in ("votes", "votes.rejected", "votes.albums", "polls"):
        if await may_read(login(name), topic):
            found.add(f"read {topic}")
        if await may_write(login(name), topic):
            found.add(f"write {topic}")
    assert found == ALLOWED[name]


async def may_read(connection: dict[str, Any], topic: str) -> bool:
    consumer = AIOKafkaConsumer(**connection, auto_offset_reset="earliest")
    partition = TopicPartition(topic, 0)
    try:
        consumer.assign([partition])
        await consumer.start()
        while consumer.highwater(partition) is None:  # set by the first answer, even an empty one
            await consumer.getmany(timeout_ms=500)
    except TopicAuthorizationFailedError:
        return False
    finally:
        await consumer.stop()
    return True


async def may_write(connection: dict[str, Any], topic: str) -> bool:
    """Whether a record can be written; one that is no vote, if it can."""
    async with AIOKafkaProducer(**connection) as producer:
        try:
            await producer.send_and_wait(topic, b"not a record of ours", key=b"x", partition=0)
        except TopicAuthorizationFailedError:
            return False
    return True


async def test_kafka_lets_in_nobody_without_the_right_password(
    login: Callable[[str], dict[str, Any]],
) -> None:
    wrong = login("svc_results") | {"sasl_plain_password": "wrong"}
    assert "rejects the login" in (await connection_refusal(wrong) or "")


async def test_svc_polls_and_nobody_who_only_reads_sees_how_far_svc_consumer_is(
    login: Callable[[str], dict[str, Any]],
) -> None:
    assert await may_describe_group(login("svc_polls"))
    assert not await may_describe_group(login("svc_results"))


async def may_describe_group(connection: dict[str, Any]) -> bool:
    client = AIOKafkaAdminClient(**connection)

    async def described() -> bool:
        try:
            await client.list_consumer_group_offsets("svc_consumer")
        except GroupCoordinatorNotAvailableError:  # the first question makes its topic
            return False
        return True

    await client.start()
    try:
        await until(described, "a coordinator")
    except GroupAuthorizationFailedError:
        return False
    finally:
        await client.close()
    return True
