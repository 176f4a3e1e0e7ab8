"""The component `encryption` with real servers: its arguments, its settings, its Secrets.

Only addresses and folders are this machine's. Certificates are signed here, as cert-manager would.
A proxy adds TLS to the server of MongoDB's protocol, which has no users: their passwords and rights
are not tried.
"""

import asyncio
import json
import re
import socket
import ssl
import struct
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, override
from urllib.parse import urlsplit

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, NoPermissionError

from harness.processes.errors import NotReadyError
from harness.processes.ports import free_port
from harness.processes.programs import find_program
from harness.processes.server import start_together, stop_together
from harness.processes.waiting import wait_until
from harness.servers.kafka_config import Node
from harness.servers.kafka_server import KafkaServer
from harness.servers.mongodb_server import MongodbServer
from harness.servers.redis_server import RedisServer
from harness.servers.services import Service
from harness.servers.tcp_proxy import TcpProxy
from harness.testing.certificates import Authority
from k8s import passwords
from k8s.rendering import FOLDER, Manifest, manifests, of_kind, pod_specs
from svc_consumer import topics
from svc_consumer.settings import TopicSettings
from tools.services.roster import DEPLOYMENTS, SERVICES
from voting.ledger.connection import connection_arguments, connection_refusal
from voting.ledger.settings import KafkaSettings
from voting.service.settings import read_settings
from voting.stores.tally_reader import TALLY_KEY

if TYPE_CHECKING:  # pytest wants to import its plug-ins itself
    from harness.testing.fixtures import StartService

pytest_plugins = ["harness.testing.fixtures"]

RENDERED: Final = manifests("production", "encryption")
SECRETS: Final = {secret["metadata"]["name"]: secret["stringData"] for secret in passwords.made()}
CERTIFICATES: Final = {
    certificate["spec"]["secretName"]: certificate["spec"]
    for certificate in of_kind(RENDERED, "Certificate")
}
VOTE: Final = {"name": "Mercedes Sosa", "album": "Cantora", "year": 2009, "rank": 90}
USING_KAFKA: Final = [name for name, service in SERVICES.items() if "kafka" in service.needs]


class Cluster:
    """Folders with the files that pods mount, and the settings of their services."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = Authority(folder / "pki", "authority")
        for secret, data in SECRETS.items():
            (folder / secret).mkdir()
            for key, value in data.items():
                (folder / secret / key).write_text(value)
        for secret, wanted in CERTIFICATES.items():
            self._sign(folder / secret, wanted)

    def _sign(self, folder: Path, wanted: Manifest) -> None:
        """Write the files of a Secret as cert-manager does."""
        folder.mkdir()
        pem = self._authority.sign(wanted["commonName"])
        self._authority.certificate.copy(folder / "ca.crt")
        for file in ("tls.crt", "tls.key", "tls-combined.pem"):
            pem.copy(folder / file)

    def here(self, workload: str, text: str) -> str:
        """Return a text in which the folders that a workload mounts are this machine's."""
        pod = pod_specs(RENDERED)[workload]
        volumes = {
            volume["name"]: volume["secret"]["secretName"]
            for volume in pod["volumes"]
            if "secret" in volume
        }
        for mount in pod["containers"][0]["volumeMounts"]:
            if secret := volumes.get(mount["name"]):
                text = re.sub(rf"{mount['mountPath']}(?=[/:])", str(self._folder / secret), text)
        return text

    def arguments(self, workload: str) -> list[str]:
        """Return the arguments of a workload's container."""
        [container] = pod_specs(RENDERED)[workload]["containers"]
        return [self.here(workload, argument) for argument in container["args"]]

    def settings(self, workload: str, addresses: Mapping[str, str]) -> dict[str, str]:
        """Return the variables of a workload's container, with these addresses of servers."""
        configs = {
            config["metadata"]["name"]: config.get("data", {})
            for config in of_kind(RENDERED, "ConfigMap")
        }
        [container] = pod_specs(RENDERED)[workload]["containers"]
        found: dict[str, str] = {}
        for source in container["envFrom"]:  # later sources win
            [(kind, reference)] = source.items()
            known = configs if kind == "configMapRef" else SECRETS
            found |= known.get(reference["name"], {})
        for name, value in found.items():
            moved = self.here(workload, value)
            found[name] = moved if name not in addresses else _at(addresses[name], moved)
        return found

    def file(self, secret: str, key: str) -> Path:
        """Return the file of a Secret's key."""
        return self._folder / secret / key


def _at(address: str, value: str) -> str:
    """Return an address with its hosts replaced, without a MongoDB's user and replica set."""
    if "://" not in value:
        return address
    url = urlsplit(value)
    if url.scheme == "mongodb":
        tls = "&".join(part for part in url.query.split("&") if part.startswith("tls"))
        return f"mongodb://{address}/?{tls}"
    if url.scheme == "dns":
        return f"dns:///{address}"
    return value.replace("@redis:6379", f"@{address}")


class EncryptedKafka(KafkaServer):
    """Kafka with the settings file and the arguments of the manifests."""

    start_limit_seconds = 180.0  # the first of three nodes waits until the others are formatted

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


class EncryptedRedis(RedisServer):
    """Redis with the settings file and the arguments of the manifests."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        super().__init__("redis", free_port(), folder)
        self._files = cluster

    @override
    def prepare(self) -> None:
        users = self._files.file("redis-users", "users.conf")
        settings = (FOLDER / "base/redis/redis.conf").read_text()
        settings = settings.replace("dir /data\n", f"dir {self.data}\n")
        (self.data / "redis.conf").write_text(settings.replace("/config/users.conf", str(users)))

    @override
    def command(self) -> list[str]:
        _, *arguments = self._files.arguments("StatefulSet/redis")
        here = [part.replace("--tls-port 6379", f"--tls-port {self.port}") for part in arguments]
        return [super().command()[0], str(self.data / "redis.conf"), *here]

    @override
    def probe(self) -> None:
        """Ping without a login, as the probes of the manifests do."""
        trust = ssl.create_default_context(cafile=self._files.file("redis-tls", "ca.crt"))
        with (
            socket.create_connection((self.host, self.port), 2) as connection,
            trust.wrap_socket(connection, server_hostname=self.host) as encrypted,
        ):
            encrypted.sendall(b"PING\r\n")
            if (answer := encrypted.recv(128)) != b"+PONG\r\n":
                raise NotReadyError(answer.decode(errors="replace"))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    return Cluster(tmp_path_factory.mktemp("cluster"))


@pytest.fixture(scope="session")
def kafka(server_folder: Path, cluster: Cluster) -> Iterator[EncryptedKafka]:
    """Run Kafka; the Job has made the topics and granted the rights."""
    node = Node(1, free_port(), free_port())
    with EncryptedKafka(server_folder, cluster, node, [node]) as server:
        made = asyncio.run(run_job(cluster, server.address, replicas=1))
        assert sorted(made) == ["polls", "votes", "votes.albums", "votes.rejected"]
        yield server


async def run_job(cluster: Cluster, address: str, replicas: int) -> list[str]:
    """Do what the Job kafka-topics does; return the topics that were made."""
    job = cluster.settings("Job/kafka-topics", {"KAFKA_BOOTSTRAP_SERVERS": address})
    job["KAFKA_TOPIC_REPLICAS"] = str(replicas)
    return await topics.create_in_time(read_settings(TopicSettings, job), 60)


@pytest.fixture(scope="session")
def redis_server(server_folder: Path, cluster: Cluster) -> Iterator[EncryptedRedis]:
    with EncryptedRedis(server_folder, cluster) as server:
        yield server


@pytest.fixture(scope="session")
def addresses(
    kafka: EncryptedKafka,
    redis_server: EncryptedRedis,
    mongodb: MongodbServer,
    server_folder: Path,
    cluster: Cluster,
) -> Iterator[dict[str, str]]:
    pem = cluster.file("mongodb-tls", "tls-combined.pem")
    with TcpProxy("mongodb-tls", free_port(), mongodb.port, server_folder, pem) as proxy:
        yield {
            "KAFKA_BOOTSTRAP_SERVERS": kafka.address,
            "REDIS_URL": redis_server.address,
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


def test_votes_of_both_routes_are_counted_and_shown(start: Callable[..., Service]) -> None:
    server = start("svc_grpc_server")
    routes = (
        start("svc_grpc_client", GRPC_TARGET=f"{server.host}:{server.grpc_port}"),
        start("svc_http_route"),
    )
    for route in routes:
        assert httpx.post(f"{route.url}/votes", json=VOTE, timeout=30).status_code == 202
    others = [start(name) for name in ("svc_consumer", "svc_polls", "svc_voters", "svc_notary")]
    results = start("svc_results")
    wait_until("both votes counted", lambda: total(results) == 2)
    logs = "".join(each.log.read_text() for each in (*routes, server, *others, results))
    for secret in SECRETS.values():
        assert secret.get("KAFKA_SASL_PASSWORD", "no password") not in logs


def total(results: Service) -> Any:
    return httpx.get(f"{results.url}/api/results", timeout=10).raise_for_status().json()["total"]


def test_a_client_without_a_certificate_casts_no_votes(
    service: StartService, start: Callable[..., Service], cluster: Cluster
) -> None:
    server = start("svc_grpc_server")
    trust = str(cluster.file("svc-grpc-client-tls", "ca.crt"))
    target = f"dns:///{server.host}:{server.grpc_port}"
    client = service(
        "svc_grpc_client", ready_path="/healthz", GRPC_TARGET=target, GRPC_TLS_CA_FILE=trust
    )
    assert httpx.post(f"{client.url}/votes", json=VOTE, timeout=30).status_code == 503


@pytest.fixture
def login(addresses: dict[str, str], cluster: Cluster) -> Callable[[str], dict[str, Any]]:
    """Return a function that returns how a service connects to Kafka."""

    def login(name: str) -> dict[str, Any]:
        found = cluster.settings(f"Deployment/{name.replace('_', '-')}", addresses)
        return connection_arguments(read_settings(KafkaSettings, found))

    return login


async def test_three_nodes_replicate_and_share_rights(tmp_path: Path, cluster: Cluster) -> None:
    nodes = [Node(number, free_port(), free_port()) for number in (1, 2, 3)]
    servers = [EncryptedKafka(tmp_path, cluster, node, nodes) for node in nodes]
    try:
        start_together(servers)
        await run_job(cluster, servers[0].address, replicas=3)
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
    try:
        consumer.assign([TopicPartition(topic, 0)])
        await consumer.start()
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
    await client.start()
    try:
        await client.list_consumer_group_offsets("svc_consumer")
    except GroupAuthorizationFailedError:
        return False
    finally:
        await client.close()
    return True


def redis_url(name: str, cluster: Cluster, addresses: dict[str, str]) -> str:
    return cluster.settings(f"Deployment/{name}", addresses)["REDIS_URL"]


@pytest.mark.parametrize("name", ["svc-results", "svc-polls"])
async def test_who_reads_the_tally_cannot_write_it(
    name: str, cluster: Cluster, addresses: dict[str, str]
) -> None:
    async with Redis.from_url(redis_url(name, cluster, addresses)) as client:
        await client.hlen(TALLY_KEY)
        for write in (client.hset(TALLY_KEY, "a", 1), client.delete(TALLY_KEY), client.flushall()):
            with pytest.raises(NoPermissionError):
                await write


@pytest.mark.parametrize("probe", ["startupProbe", "livenessProbe", "readinessProbe"])
def test_a_probe_of_redis_needs_no_login(
    probe: str, redis_server: EncryptedRedis, cluster: Cluster
) -> None:
    workload = "StatefulSet/redis"
    [container] = pod_specs(RENDERED)[workload]["containers"]
    program, *arguments = container[probe]["exec"]["command"]
    here = [cluster.here(workload, argument) for argument in arguments]
    command = [find_program(program), "-p", str(redis_server.port), *here]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == "PONG\n"


async def test_redis_lets_nobody_do_anything_but_ping_without_the_right_password(
    cluster: Cluster, addresses: dict[str, str]
) -> None:
    url = redis_url("svc-consumer", cluster, addresses)
    async with Redis.from_url(re.sub(r":\w+@", ":wrong@", url)) as client:
        with pytest.raises(AuthenticationError):
            await client.ping()
    async with Redis.from_url(re.sub(r"//.*@", "//", url)) as client:
        assert await client.ping()
        with pytest.raises(NoPermissionError):
            await client.hlen(TALLY_KEY)


def test_certificates_are_for_the_names_that_clients_use() -> None:
    names = {secret: wanted.get("dnsNames", []) for secret, wanted in CERTIFICATES.items()}
    configs = {
        key: value
        for config in of_kind(RENDERED, "ConfigMap")
        for key, value in config.get("data", {}).items()
    }
    brokers = configs["KAFKA_BOOTSTRAP_SERVERS"].split(",")
    assert {broker.partition(":")[0] for broker in brokers} <= set(names["kafka-tls"])
    pods = [f"kafka-{number}.kafka.voting.svc.cluster.local" for number in range(3)]
    assert set(pods) <= set(names["kafka-tls"])  # advertised.listeners
    assert (
        urlsplit(configs["GRPC_TARGET"]).path[1:].partition(":")[0] in names["svc-grpc-server-tls"]
    )
    consumer = SECRETS["svc-consumer"]
    assert urlsplit(consumer["REDIS_URL"]).hostname in names["redis-tls"]
    nodes = consumer["MONGODB_URL"].partition("@")[2].partition("/")[0].split(",")
    assert set(nodes) <= set(names["mongodb-tls"])


def test_no_client_gets_the_private_key_of_a_server() -> None:
    for deployment in DEPLOYMENTS:
        for volume in pod_specs(RENDERED)[f"Deployment/{deployment}"]["volumes"]:
            secret = volume.get("secret", {})
            if secret.get("secretName") in {"kafka-tls", "redis-tls", "mongodb-tls"}:
                assert secret["items"] == [{"key": "ca.crt", "path": "ca.crt"}]


def test_every_mounted_secret_is_made() -> None:
    mounted = {
        source["secret"].get("secretName") or source["secret"]["name"]
        for pod in pod_specs(RENDERED).values()
        for volume in pod["volumes"]
        for source in (volume, *volume.get("projected", {}).get("sources", []))
        if "secret" in source
    }
    assert mounted <= CERTIFICATES.keys() | SECRETS.keys()


def test_only_svc_consumer_may_write_to_mongodb() -> None:
    roles = {
        user["user"]: [role["role"] for role in user["roles"]]
        for user in json.loads(SECRETS["mongodb-users"]["users.json"])
    }
    assert roles.pop("svc_consumer") == ["readWrite"]
    assert set(map(str, roles.values())) == {"['read']"}


def test_each_user_has_a_password_of_their_own() -> None:
    kafka = SECRETS["kafka-passwords"]
    assert len(set(kafka.values())) == len(kafka) == len(USING_KAFKA) + 2
    assert passwords.made() != passwords.made()
