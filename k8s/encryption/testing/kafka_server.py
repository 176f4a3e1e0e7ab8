"""Kafka as the component `encryption` deploys it."""

import socket
import ssl
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import override

from harness.processes.errors import NotReadyError
from harness.servers.kafka_config import Node
from harness.servers.kafka_server import KafkaServer
from k8s.encryption.testing.deployed import Cluster
from k8s.rendering import FOLDER
from svc_consumer import topics
from svc_consumer.settings import TopicSettings
from voting.service.settings import read_settings


class EncryptedKafka(KafkaServer):
    """Kafka with the settings file and the arguments of the manifests."""

    def __init__(self, folder: Path, cluster: Cluster, node: Node, nodes: Sequence[Node]) -> None:
        super().__init__(node.port, node.controller_port, folder, cluster=nodes)
        self._files = cluster
        self._overrides = cluster.arguments("StatefulSet/kafka")[1:]

    @override
    def command(self) -> list[str]:
        return [*super().command(), *self._overrides]

    @override
    def prepare(self) -> None:
        voters = (f"{node.id}@{self.host}:{node.controller_port}" for node in self.cluster)
        controller = f"CONTROLLER://{self.host}:{self.controller_port}"
        here = {
            "node.id": str(self.node.id),
            "controller.quorum.voters": ",".join(voters),
            "listeners": f"CLIENTS://{self.address},{controller}",
            "advertised.listeners": f"CLIENTS://{self.address}",
            "log.dirs": str(self.data / "log"),
            "metadata.log.dir": str(self.data / "log"),
            "offsets.topic.replication.factor": str(len(self.cluster)),
            "offsets.topic.num.partitions": "3",
            "group.initial.rebalance.delay.ms": "0",
        }
        super().prepare()
        deployed = (FOLDER / "base/kafka/server.properties").read_text()
        lines = "".join(f"{key}={value}\n" for key, value in here.items())
        self.properties.write_text(deployed + lines)

    @override
    def probe(self) -> None:
        """Ask for the versions of requests, which Kafka answers before a client logs in."""
        trust = ssl.create_default_context(cafile=self._files.file("kafka-tls", "ca.crt"))
        request = struct.pack(">hhih", 18, 0, 1, -1)
        with (
            socket.create_connection((self.host, self.port), 2) as connection,
            trust.wrap_socket(connection, server_hostname=self.host) as encrypted,
        ):
            encrypted.sendall(struct.pack(">i", len(request)) + request)
            if len(encrypted.recv(10)) < 10:
                raise NotReadyError("no answer to ApiVersions")


async def run_job(cluster: Cluster, address: str, replicas: int) -> list[str]:
    """Do what the Job kafka-topics does; return the topics that were made."""
    job = cluster.settings("Job/kafka-topics", {"KAFKA_BOOTSTRAP_SERVERS": address})
    job["KAFKA_TOPIC_REPLICAS"] = str(replicas)
    return await topics.create_in_time(read_settings(TopicSettings, job), 60)
