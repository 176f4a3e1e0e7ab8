"""Apache Kafka, the ledger: a node that is broker and controller (KRaft, no ZooKeeper)."""

import os
import socket
import struct
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from harness.processes.errors import NotReadyError, ServerError
from harness.processes.programs import ROOT, find_program
from harness.processes.server import Server
from harness.servers.kafka_config import LOG4J_PROPERTIES, Node, ProxyLink, server_properties
from harness.servers.kafka_topics import create_topics
from voting.ledger.settings import ALBUMS_TOPIC, POLLS_TOPIC, REJECTED_TOPIC, VOTES_TOPIC

TOPICS: Final = {VOTES_TOPIC: 6, REJECTED_TOPIC: 1, ALBUMS_TOPIC: 1, POLLS_TOPIC: 1}
"""The topics of the voting system and their partitions."""

# The first compiler and the serial collector start fastest (1.5 s instead of 2.3 s) and use
# least memory.
_JVM: Final = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"]
# The archive of Kafka's classes, made by :kafka_classes: 1.0 s instead of 1.8 s from an empty
# folder to the first answer. Java starts without it if it does not fit.
_CLASSES: Final = ROOT / "harness" / "servers" / "kafka_classes.jsa"
_HEAP: Final = ["-Xms128m", "-Xmx256m"]
_CLUSTER_ID: Final = "bG9jYWwtdm90ZXMtMDAwMQ"  # any 16 bytes in base64: no other node joins
_FORMAT_LIMIT_SECONDS: Final = 60
_PROBE_LIMIT_SECONDS: Final = 2.0


class KafkaServer(Server):
    """Kafka on this machine's Java, with the jars that Bazel fetches from Maven Central."""

    users: Sequence[str] = ()
    """Arguments with which the tool that formats the data folder creates users."""

    def __init__(
        self,
        port: int,
        controller_port: int,
        folder: Path,
        *,
        links: Sequence[ProxyLink] = (),
        cluster: Sequence[Node] = (),
    ) -> None:
        """`folder` as for every server; the controller listens on a port of its own.

        `links` are further listeners. `cluster` has all nodes where there are several, this one
        identified by its port.
        """
        node = Node(1, port, controller_port, tuple(links))
        self.cluster = cluster or [node]
        self.node = next(node for node in self.cluster if node.port == port)
        super().__init__(
            "kafka" if len(self.cluster) == 1 else f"kafka-{self.node.id}", port, folder
        )
        self.controller_port = controller_port

    @property
    def ports(self) -> dict[str, int]:
        """Return the clients' port, the controller's, and those of the links."""
        links = {f"{self.name}-{link.name.lower()}": link.port for link in self.node.links}
        return {self.name: self.port, f"{self.name}-controller": self.controller_port, **links}

    def command(self) -> list[str]:
        """Return the broker's command line; the heap is bounded."""
        return [*self._java("kafka.Kafka", _HEAP), str(self.properties)]

    def prepare(self) -> None:
        """Write the settings; format the data folder before its first use."""
        properties = server_properties(self.node, self.cluster, self.data / "log")
        self.properties.write_text(properties)
        self._log4j.write_text(LOG4J_PROPERTIES)
        if not (self.data / "log" / "meta.properties").exists():
            self._format()

    def probe(self) -> None:
        """Send the request ApiVersions, which the broker answers once it takes requests."""
        request = struct.pack(">hhih", 18, 0, 1, -1)  # key, version, correlation id, no client id
        with socket.create_connection((self.host, self.port), _PROBE_LIMIT_SECONDS) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            answer = connection.recv(10)  # size, correlation id, error code
        if len(answer) < 10 or answer[4:] != struct.pack(">ih", 1, 0):
            raise NotReadyError("no answer to ApiVersions")

    def create_topics(self, partitions: Mapping[str, int] = TOPICS) -> None:
        """Create those of the topics that do not exist; they keep their records for ever.

        Raises ServerError when Kafka refuses.
        """
        create_topics(self.address, partitions, replicas=min(3, len(self.cluster)))

    def _format(self) -> None:
        tool = self._java("kafka.tools.StorageTool", [])
        command = [*tool, "format", "-t", _CLUSTER_ID, "-c", str(self.properties), *self.users]
        with self.log.open("ab") as log:
            status = subprocess.run(
                command, stdout=log, stderr=log, timeout=_FORMAT_LIMIT_SECONDS, check=False
            ).returncode
        if status:
            raise ServerError(f"kafka cannot format its data folder {self.data}; log: {self.log}")

    def _java(self, main_class: str, options: list[str]) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={self._log4j}"
        jvm = [*_JVM, *_archive(), *options, logging]
        return [find_program("java"), *jvm, "-cp", _class_path(), main_class]

    @property
    def properties(self) -> Path:
        """The settings file, which `prepare` writes."""
        return self.data / "server.properties"

    @property
    def _log4j(self) -> Path:
        return self.data / "log4j2.properties"


def _archive() -> list[str]:
    """Return Java's option for the archive of classes, unless it is missing or empty."""
    usable = _CLASSES.exists() and _CLASSES.stat().st_size > 0
    return [f"-XX:SharedArchiveFile={_CLASSES}"] if usable else []


def _class_path() -> str:
    """Return Kafka's jars: the repository @kafka among the runfiles, or the folder KAFKA_JARS.

    Always in the same order and the same place, which an archive of classes requires.
    """
    folder = Path(os.environ.get("KAFKA_JARS", ROOT.parent / "kafka" / "jars"))
    jars = [str(jar.resolve()) for jar in sorted(folder.glob("*.jar"))]
    if not jars:
        raise ServerError(f"no Kafka jars in {folder}: start through ./bazelw")
    return ":".join(jars)
