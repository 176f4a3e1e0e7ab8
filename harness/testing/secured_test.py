"""The services with managed servers: TLS, users and passwords, by settings only.

Real Kafka and real Redis. The MongoDB-protocol server of this machine has neither TLS nor users:
a proxy adds TLS, and nothing here checks the user in the URL.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from harness.processes.ports import free_port
from harness.processes.programs import python_environment
from harness.processes.waiting import STUCK_SECONDS, wait_until
from harness.servers.mongodb_server import MongodbServer
from harness.servers.tcp_proxy import TcpProxy
from harness.testing.certificates import Authority
from harness.testing.secured_servers import PASSWORD, USER, SecuredKafka, SecuredRedis
from loadtest.reconcile.stores import open_stores
from voting.casting.sink import cast_vote
from voting.ledger.settings import KafkaWriterSettings
from voting.ledger.writer import LedgerWriter
from voting.service.lifecycle import Readiness
from voting.service.settings import read_settings
from voting.stores.errors import StoreUnavailableError
from voting.stores.tally_store import TallyStore
from voting.stores.vote_log import VoteLog
from voting.testing.examples import vote_with

if TYPE_CHECKING:  # pytest wants to import its plug-ins itself
    from harness.testing.fixtures import StartService

pytest_plugins = ["harness.testing.fixtures"]

WRONG: Final = "wr0ng"
VOTE: Final = {"name": "Mercedes Sosa", "album": "Cantora", "year": 2009, "rank": 90}
MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")

# The clients do not wait until a failed TLS connection is closed, so it closes in the event loop of
# the next tests. That is why the tests that fail to connect come first.
same_loop = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="session")
def authority(server_folder: Path) -> Authority:
    return Authority(server_folder / "pki", "authority")


@pytest.fixture(scope="session")
def other_authority(server_folder: Path) -> Authority:
    """An authority that signed none of the servers' certificates."""
    return Authority(server_folder / "pki-of-others", "other-authority")


@pytest.fixture(scope="session")
def kafka(server_folder: Path, authority: Authority) -> Iterator[SecuredKafka]:
    with SecuredKafka(server_folder, authority) as server:
        server.create_topics()
        yield server


@pytest.fixture(scope="session")
def redis_server(server_folder: Path, authority: Authority) -> Iterator[SecuredRedis]:
    with SecuredRedis(server_folder, authority) as server:
        yield server


@pytest.fixture(scope="session")
def mongodb_tls(
    server_folder: Path, mongodb: MongodbServer, authority: Authority
) -> Iterator[TcpProxy]:
    pem = authority.sign("mongodb")
    with TcpProxy("mongodb-tls", free_port(), mongodb.port, server_folder, pem) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def stores(
    redis_server: SecuredRedis, mongodb_tls: TcpProxy, authority: Authority
) -> dict[str, str]:
    return {
        "REDIS_URL": redis_server.url,
        "MONGODB_URL": mongodb_url(mongodb_tls, authority.certificate),
    }


def mongodb_url(proxy: TcpProxy, ca_file: Path) -> str:
    return f"mongodb://{proxy.address}/?tls=true&tlsCAFile={ca_file}"


def by_password(
    kafka: SecuredKafka, authority: Authority, mechanism: str, protocol: str = "SASL_SSL"
) -> dict[str, str]:
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.address_for(protocol),
        "KAFKA_SECURITY_PROTOCOL": protocol,
        "KAFKA_SASL_MECHANISM": mechanism,
        "KAFKA_SASL_USERNAME": USER,
        "KAFKA_SASL_PASSWORD": PASSWORD,
    }
    if protocol == "SASL_SSL":
        settings["KAFKA_TLS_CA_FILE"] = str(authority.certificate)
    return settings


def by_certificate(kafka: SecuredKafka, authority: Authority) -> dict[str, str]:
    return {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.address_for("SSL"),
        "KAFKA_SECURITY_PROTOCOL": "SSL",
        "KAFKA_TLS_CA_FILE": str(authority.certificate),
        "KAFKA_TLS_CERTIFICATE_FILE": str(authority.sign("service")),
    }


def test_votes_of_both_routes_are_counted_and_shown(
    service: StartService, kafka: SecuredKafka, authority: Authority, stores: dict[str, str]
) -> None:
    http_route = service("svc_http_route", **by_password(kafka, authority, "SCRAM-SHA-512"))
    grpc_server = service("svc_grpc_server", **by_certificate(kafka, authority))
    grpc_route = service("svc_grpc_client", GRPC_TARGET=grpc_server.grpc_target)
    for route in (http_route, grpc_route):
        assert httpx.post(f"{route.url}/votes", json=VOTE, timeout=30).status_code == 202
    asyncio.run(write_garbage(kafka))

    started = [
        service("svc_consumer", **by_password(kafka, authority, "PLAIN"), **stores),
        service("svc_results", **stores),
    ]
    wait_until(lambda: total(started[1].url) == 2, "both votes counted")
    wait_until(lambda: asyncio.run(rejected(kafka)) == 1, "the garbage rejected")
    logs = "".join(s.log.read_text() for s in (http_route, grpc_server, *started))
    assert PASSWORD not in logs


def total(url: str) -> Any:
    return httpx.get(f"{url}/api/results", timeout=10).raise_for_status().json()["total"]


async def write_garbage(kafka: SecuredKafka) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka.address) as producer:
        await producer.send_and_wait("votes", b"no vote")


async def rejected(kafka: SecuredKafka) -> int:
    partition = TopicPartition("votes.rejected", 0)
    async with AIOKafkaConsumer(bootstrap_servers=kafka.address) as consumer:
        ends = await consumer.end_offsets([partition])
    return int(ends[partition])


@asynccontextmanager
async def ledger_writer(
    settings: Mapping[str, str],
) -> AsyncIterator[tuple[LedgerWriter, Readiness]]:
    readiness = Readiness()
    log = LedgerWriter(read_settings(KafkaWriterSettings, settings), readiness)
    await log.start()
    try:
        async with asyncio.timeout(30):
            await readiness.changed()
            yield log, readiness
    finally:
        await log.stop()


@same_loop
@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_a_wrong_password_is_reported(
    kafka: SecuredKafka, authority: Authority, mechanism: str
) -> None:
    settings = by_password(kafka, authority, mechanism) | {"KAFKA_SASL_PASSWORD": WRONG}
    async with ledger_writer(settings) as (_, readiness):
        assert "rejects the login" in (readiness.reason or "")
        assert WRONG not in (readiness.reason or "")


def test_topics_are_created_by_a_user(kafka: SecuredKafka, authority: Authority) -> None:
    settings = by_password(kafka, authority, "SCRAM-SHA-256") | {"KAFKA_TOPIC_REPLICAS": "1"}
    refused = make_topics(settings | {"KAFKA_SASL_PASSWORD": WRONG})
    assert refused.returncode == 1
    assert "rejects the login" in refused.stderr
    assert WRONG not in refused.stderr
    new = {"KAFKA_TOPIC": "other", "KAFKA_REJECTED_TOPIC": "other.rejected"}
    made = make_topics(settings | new)
    assert made.returncode == 0
    assert "created other, other.rejected" in made.stderr


def make_topics(settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **python_environment(), **settings}
    command = [sys.executable, "-c", "from svc_consumer.topics import main; main(patience=0)"]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=STUCK_SECONDS, check=False
    )


@same_loop
async def test_a_broker_of_another_authority_is_reported(
    kafka: SecuredKafka, authority: Authority, other_authority: Authority
) -> None:
    ours = by_password(kafka, authority, "PLAIN")
    async with ledger_writer(ours | {"KAFKA_TLS_CA_FILE": str(other_authority.certificate)}) as (
        _,
        readiness,
    ):
        assert "certificate is not trusted" in (readiness.reason or "")


@same_loop
async def test_a_certificate_of_another_authority_is_reported(
    kafka: SecuredKafka, authority: Authority, other_authority: Authority
) -> None:
    theirs = {"KAFKA_TLS_CERTIFICATE_FILE": str(other_authority.sign("service"))}
    async with ledger_writer(by_certificate(kafka, authority) | theirs) as (_, readiness):
        assert "closes the connection" in (readiness.reason or "")


@same_loop
async def test_a_broker_without_tls_is_reported(kafka: SecuredKafka, authority: Authority) -> None:
    plain = {"KAFKA_BOOTSTRAP_SERVERS": kafka.address}
    async with ledger_writer(by_certificate(kafka, authority) | plain) as (_, readiness):
        assert "closes the connection" in (readiness.reason or "")


@same_loop
@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("protocol", ["SASL_SSL", "SASL_PLAINTEXT"])
async def test_kafka_accepts_votes_from_a_user(
    kafka: SecuredKafka, authority: Authority, protocol: str, mechanism: str
) -> None:
    async with ledger_writer(by_password(kafka, authority, mechanism, protocol)) as (
        log,
        readiness,
    ):
        assert readiness.ready
        await cast_vote(log, vote_with(id=log.new_id()))


@same_loop
async def test_kafka_accepts_votes_from_a_certificate(
    kafka: SecuredKafka, authority: Authority
) -> None:
    async with ledger_writer(by_certificate(kafka, authority)) as (log, readiness):
        assert readiness.ready
        await cast_vote(log, vote_with(id=log.new_id()))


def test_the_consumer_reports_a_wrong_password_without_showing_it(
    service: StartService, kafka: SecuredKafka, authority: Authority, stores: dict[str, str]
) -> None:
    settings = by_password(kafka, authority, "PLAIN") | {"KAFKA_SASL_PASSWORD": WRONG}
    consumer = service(
        "svc_consumer", ready_path="/healthz", LOG_LEVEL="debug", **settings, **stores
    )

    def reason() -> str:
        return httpx.get(f"{consumer.url}/readyz", timeout=10).text

    wait_until(lambda: "rejects the login" in reason(), "the reason")
    assert WRONG not in consumer.log.read_text()
    assert PASSWORD not in consumer.log.read_text()  # of Redis


@same_loop
async def test_the_comparison_reads_the_stores(stores: dict[str, str]) -> None:
    async with open_stores(stores["MONGODB_URL"], "voting", stores["REDIS_URL"]) as (log, tallies):
        assert await log.find(["none"]) == {}
        await tallies.read()


@same_loop
async def test_a_wrong_password_of_redis_is_reported_without_showing_it(
    redis_server: SecuredRedis, authority: Authority
) -> None:
    await refused_by_redis(redis_server.url_with(WRONG, authority.certificate), "WRONGPASS|invalid")


@same_loop
async def test_a_redis_of_another_authority_is_reported(
    redis_server: SecuredRedis, other_authority: Authority
) -> None:
    await refused_by_redis(
        redis_server.url_with(PASSWORD, other_authority.certificate), "CERTIFICATE"
    )


async def refused_by_redis(url: str, reason: str) -> None:
    store = TallyStore(url)
    with pytest.raises(StoreUnavailableError, match=reason) as caught:
        await store.read()
    assert WRONG not in str(caught.value)
    assert PASSWORD not in str(caught.value)
    await store.close()


@same_loop
async def test_a_mongodb_of_another_authority_is_reported(
    mongodb_tls: TcpProxy, other_authority: Authority
) -> None:
    log = VoteLog(mongodb_url(mongodb_tls, other_authority.certificate), "voting")
    with pytest.raises(StoreUnavailableError, match="certificate verify failed"):
        await log.newest(1)
    log.close()
