"""The service as processes, with real Kafka and a server that speaks MongoDB's protocol."""

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from pymongo import MongoClient

from harness.processes.waiting import wait_until
from harness.servers.kafka_server import KafkaServer
from harness.servers.mongodb_server import MongodbServer
from harness.servers.services import Service
from harness.servers.small_disk import SmallDisk
from svc_notary.testing.records import KEY, files_of
from voting.domain.codec import encode_vote
from voting.domain.vote import new_vote_id
from voting.merkle.checkpoint import Checkpoint, read_checkpoint
from voting.merkle.frontier import Frontier
from voting.merkle.hashes import leaf_hash
from voting.signing.note import open_note
from voting.stores.logged_vote import to_document
from voting.stores.settings import DATABASE
from voting.stores.vote_log_reader import COLLECTION
from voting.testing.examples import vote_with

if TYPE_CHECKING:  # pytest wants to import its plug-ins itself
    from harness.testing.fixtures import StartService

pytest_plugins = ["harness.testing.fixtures"]

PARTITION: Final = 1
QUICK: Final = {"CHECKPOINT_SECONDS": "0.2", "SIGNING_KEY": KEY.text}


class Ledger:
    """A topic of two partitions; all records go to the second one."""

    def __init__(self, kafka: KafkaServer, topic: str) -> None:
        self.kafka, self.topic = kafka, topic
        self.values: list[bytes] = []
        kafka.create_topics({topic: 2})

    def append(self, *values: bytes) -> None:
        asyncio.run(self._append(values))
        self.values += values

    def replace(self, *values: bytes) -> None:
        """Delete the topic, and make it anew with these records."""
        asyncio.run(self._delete())
        self.kafka.create_topics({self.topic: 2})
        self.values.clear()
        self.append(*values)

    @property
    def root(self) -> bytes:
        tree = Frontier()
        tree.extend(leaf_hash(at, b"key", value) for at, value in enumerate(self.values))
        return tree.root()

    async def _append(self, values: Sequence[bytes]) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self.kafka.address, acks="all") as producer:
            for value in values:
                await producer.send(self.topic, value, key=b"key", partition=PARTITION)
            await producer.flush()

    async def _delete(self) -> None:
        client = AIOKafkaAdminClient(bootstrap_servers=self.kafka.address)
        await client.start()
        try:
            await client.delete_topics([self.topic])
        finally:
            await client.close()


@pytest.fixture
def ledger(kafka: KafkaServer, request: pytest.FixtureRequest) -> Ledger:
    name = "".join(letter for letter in request.node.name if letter.isalnum())
    return Ledger(kafka, f"votes-{name}")


def numbers(start: int, end: int) -> list[bytes]:
    return [b"%d" % number for number in range(start, end)]


def checkpoint(notary: Service) -> Checkpoint:
    answer = httpx.get(f"{notary.url}/notary/{PARTITION}/checkpoint")
    if answer.status_code == 404:
        return Checkpoint("", 0, b"")
    return read_checkpoint(open_note(answer.content, KEY.verifier))


def signed(notary: Service, ledger: Ledger) -> None:
    """Wait until the whole ledger is under a checkpoint, and check that."""
    size = len(ledger.values)
    wait_until(lambda: checkpoint(notary).size == size, "the checkpoint")
    assert checkpoint(notary).root == ledger.root


def metric(notary: Service, line: str) -> bool:
    return line in httpx.get(f"{notary.url}/metrics").text.splitlines()


def test_a_vote_has_its_receipt_until_its_record_and_after_a_kill(
    ledger: Ledger, service: StartService, mongodb: MongodbServer, kafka: KafkaServer
) -> None:
    vote = vote_with(id=new_vote_id(1))
    notary = service("svc_notary", KAFKA_TOPIC=ledger.topic, **QUICK)
    url = f"{notary.url}/api/receipts/{vote.id}"
    assert httpx.get(url).status_code == 404
    value = encode_vote(vote)

    async def cast() -> None:
        async with AIOKafkaProducer(bootstrap_servers=kafka.address, acks="all") as producer:
            await producer.send_and_wait(ledger.topic, value, key=vote.id.encode(), partition=1)

    asyncio.run(cast())
    with MongoClient[dict[str, object]](mongodb.url) as client:
        client[DATABASE][COLLECTION].insert_one(to_document(vote, 1, 0))
    wait_until(lambda: httpx.get(url).json().get("proof"), "the proof")
    before = httpx.get(url).json()
    assert (before["proof"]["number"], before["proof"]["of"]) == (1, 1)
    notary.kill()
    notary.start()
    assert httpx.get(url).json() == before


def test_a_killed_notary_goes_on_and_a_lost_store_is_made_again(
    ledger: Ledger, service: StartService
) -> None:
    notary = service("svc_notary", KAFKA_TOPIC=ledger.topic, **QUICK)
    ledger.append(*numbers(0, 700))
    signed(notary, ledger)
    for lost in (False, True):
        notary.kill()
        if lost:
            shutil.rmtree(notary.data)
        ledger.append(*numbers(len(ledger.values), len(ledger.values) + 500))
        notary.start()
        signed(notary, ledger)


def test_two_notaries_on_two_stores_publish_the_same_files(
    ledger: Ledger, service: StartService
) -> None:
    notaries = [service("svc_notary", KAFKA_TOPIC=ledger.topic, **QUICK) for _ in range(2)]
    for start in (0, 300):
        ledger.append(*numbers(start, start + 300))
        for notary in notaries:
            signed(notary, ledger)
    one, two = (
        {path: file for path, file in files_of(notary.data) if ".p/" not in path}
        for notary in notaries
    )
    assert one == two
    assert {"0/checkpoint", "1/checkpoint", "1/tile/0/000", "1/tile/0/001"} <= one.keys()


def test_a_second_notary_on_the_same_folder_is_refused(
    ledger: Ledger, service: StartService
) -> None:
    notary = service("svc_notary", KAFKA_TOPIC=ledger.topic, **QUICK)
    with pytest.raises(Exception, match="another svc_notary uses"):
        service("svc_notary", KAFKA_TOPIC=ledger.topic, NOTARY_DIR=str(notary.data), **QUICK)
    ledger.append(*numbers(0, 10))
    signed(notary, ledger)


@pytest.mark.parametrize("while_running", [True, False])
def test_a_replaced_ledger_is_never_signed(
    ledger: Ledger, service: StartService, *, while_running: bool
) -> None:
    notary = service("svc_notary", KAFKA_TOPIC=ledger.topic, **QUICK)
    ledger.append(*numbers(0, 300))
    signed(notary, ledger)
    before = checkpoint(notary)
    if not while_running:
        notary.stop()
    ledger.replace(*numbers(1000, 1400))
    if not while_running:
        notary.start()
    halted = f'svc_notary_halted{{partition="{PARTITION}"}} 1.0'
    wait_until(lambda: metric(notary, halted), "the alarm")
    assert checkpoint(notary) == before
    assert "is not the one that was signed" in notary.log.read_text()


@pytest.fixture
def disk(server_folder: Path) -> Iterator[SmallDisk]:
    with SmallDisk("notary-disk", 512, server_folder) as small:
        yield small


def test_a_full_disk_is_told_and_waited_for_while_receipts_are_served(
    ledger: Ledger, service: StartService, disk: SmallDisk
) -> None:
    notary = service(
        "svc_notary", KAFKA_TOPIC=ledger.topic, NOTARY_DIR=str(disk.path / "trees"), **QUICK
    )
    ledger.append(*numbers(0, 300))
    signed(notary, ledger)
    before = checkpoint(notary)
    disk.fill()
    ledger.append(*numbers(300, 900))
    wait_until(lambda: metric(notary, "svc_notary_store_failing 1.0"), "the alarm")
    assert checkpoint(notary) == before
    assert "cannot be written" in httpx.get(f"{notary.url}/readyz").text
    assert httpx.get(f"{notary.url}/notary/{PARTITION}/tile/0/000").status_code == 200
    disk.clear()
    signed(notary, ledger)
    wait_until(lambda: metric(notary, "svc_notary_store_failing 0.0"), "the end of the alarm")


def test_without_a_key_it_says_that_it_signs_nothing(ledger: Ledger, service: StartService) -> None:
    notary = service("svc_notary", KAFKA_TOPIC=ledger.topic, CHECKPOINT_SECONDS="0.2")
    ledger.append(*numbers(0, 5))
    url = f"{notary.url}/notary/{PARTITION}/checkpoint"
    wait_until(lambda: httpx.get(url).text.startswith("unsigned/1\n5\n"), "the checkpoint")
    assert "nothing is signed" in notary.log.read_text()
    assert metric(notary, "svc_notary_signing 0.0")
