"""A log of polls that cannot be trusted: readers must halt, and it must be possible to restore it.

It is restored as docs/operations.md describes: what reads the log is stopped, and Kafka; the
partition's file is cut or put back; then all start again.
"""

import asyncio
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

from aiokafka import AIOKafkaProducer

from chaos.faults.fault import Fault, FaultFailedError, Scene
from chaos.faults.kafka_topics import delete_topic
from chaos.faults.poll_probe import READERS, ROUTES, is_halted, is_ready, judges_votes_in_polls
from harness.processes.server import start_together, stop_together
from voting.domain.vote import Route
from voting.ledger.settings import POLLS_TOPIC

_NOTICED_SECONDS: Final = 60.0
_RESTORED_SECONDS: Final = 60.0
_DELETED_SECONDS: Final = 30.0
_SEGMENT: Final = "00000000000000000000.log"
_PARTITION: Final = f"{POLLS_TOPIC}-0"
_BATCH_HEAD: Final = struct.Struct(">qi")  # the first offset, and how many bytes follow


def _record_that_is_no_event(scene: Scene) -> None:
    offset = asyncio.run(_write(scene.system.bootstrap_servers, b"\xff\xff no event"))
    _must_halt(scene)
    file = _folder(scene) / _SEGMENT
    _restore(scene, lambda: before_offset(file.read_bytes(), offset))


def _log_replaced(scene: Scene) -> None:
    kafka = scene.system.kafka
    before = _deleted(scene)
    asyncio.run(delete_topic(kafka.address, POLLS_TOPIC))
    scene.wait_until(lambda: bool(_deleted(scene) - before), "the log deleted", _DELETED_SECONDS)
    # Kafka removes the file a minute later.
    (file,) = _deleted(scene) - before
    log = file.read_bytes()
    kafka.create_topics()
    _must_halt(scene)
    _restore(scene, lambda: log)


def before_offset(log: bytes, offset: int) -> bytes:
    """Return the batches of a partition's file that come before the one with this offset."""
    at = 0
    while at < len(log):
        first, size = _BATCH_HEAD.unpack_from(log, at)
        if first >= offset:
            break
        at += _BATCH_HEAD.size + size
    return log[:at]


def _must_halt(scene: Scene) -> None:
    """Wait until all readers have halted; meanwhile votes in the open poll must go on."""
    services = scene.system.services
    readers = [services[name] for name in READERS]
    routes = [services[name] for name in ROUTES]
    scene.wait_until(
        lambda: all(is_halted(reader) for reader in readers), "everyone halts", _NOTICED_SECONDS
    )
    scene.wait_until(
        lambda: not any(judges_votes_in_polls(route) for route in routes),
        "no votes in polls",
        _NOTICED_SECONDS,
    )
    if not all(is_ready(route) for route in routes):
        raise FaultFailedError("a route is not ready because of the log of polls")
    for route in Route:
        scene.must_acknowledge(route)


def _restore(scene: Scene, log: Callable[[], bytes]) -> None:
    """Put back the partition's file while Kafka is stopped, and start what reads it again."""
    system = scene.system
    readers = [system.services[name] for name in READERS]
    stop_together(readers)
    system.kafka.stop()
    content = log()
    folder = _folder(scene)
    for file in folder.iterdir():
        if file.name != "partition.metadata":
            file.unlink()
    (folder / _SEGMENT).write_bytes(content)
    scene.start_recovery()
    system.kafka.start()
    start_together(readers)
    routes = [system.services[name] for name in ROUTES]
    scene.wait_until(
        lambda: all(judges_votes_in_polls(route) for route in routes),
        "votes in polls again",
        _RESTORED_SECONDS,
    )


def _folder(scene: Scene) -> Path:
    return scene.system.kafka.data / "log" / _PARTITION


def _deleted(scene: Scene) -> set[Path]:
    """Return the files of deleted logs of polls, as long as Kafka keeps them."""
    return set(_folder(scene).parent.glob(f"{_PARTITION}.*-delete/{_SEGMENT}"))


async def _write(address: str, value: bytes) -> int:
    """Write a record to the log of polls; return its offset."""
    async with AIOKafkaProducer(bootstrap_servers=address, acks="all") as producer:
        return int((await producer.send_and_wait(POLLS_TOPIC, value, partition=0)).offset)


POLL_LOG: Final = [
    Fault(
        "no event in the log of polls",
        "a record that is no event is written to it, and cut off again",
        _record_that_is_no_event,
    ),
    Fault(
        "log of polls replaced",
        "the topic is deleted and created again, then its old records are put back",
        _log_replaced,
    ),
]
