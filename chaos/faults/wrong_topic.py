"""A topic that is not the one that was counted: every partition must halt with an alarm."""

import asyncio
import shutil
from collections.abc import Mapping

import httpx
from aiokafka import AIOKafkaProducer

from chaos.faults.fault import Fault, FaultFailedError, Scene
from chaos.faults.kafka_topics import delete_topic
from harness.processes.server import start_together, stop_together
from harness.promise.stores_reader import Positions, open_stores_reader
from harness.promise.trees_reader import read_trees
from harness.servers.services import Service
from voting.client.samples import sample_vote
from voting.domain.codec import encode_vote
from voting.domain.vote import new_vote_id, partition_of
from voting.ledger.settings import VOTES_TOPIC
from voting.merkle.checkpoint import Checkpoint

_HALT_SECONDS = 60.0
_SHORTER = 1
_LONGER = 20


def _replace_topic(scene: Scene) -> None:
    """Replace the topic that was counted with another one, then restore it."""
    system = scene.system
    kafka = system.kafka
    kept = system.folder / "kept-topic"
    before = asyncio.run(_positions(scene))
    trees = asyncio.run(_tree_heads(scene, before.ledger))
    stop_together(system.poll_services)  # what they would write now is lost with the other topic
    kafka.stop()
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(kafka.data / "log", kept)
    kafka.start()
    asyncio.run(delete_topic(kafka.address, VOTES_TOPIC))
    kafka.create_topics()
    counts = {p: end + _LONGER if p % 2 else _SHORTER for p, end in before.ledger.items()}
    asyncio.run(_write_votes(kafka.address, counts))
    scene.wait_until(
        lambda: _halted(system.consumers) == len(counts), "all partitions halted", _HALT_SECONDS
    )
    notary = [system.services["svc_notary"]]
    scene.wait_until(
        lambda: _halted(notary, "svc_notary_halted") == len(counts),
        "all trees halted",
        _HALT_SECONDS,
    )
    after = asyncio.run(_positions(scene))
    if (after.log, after.tally) != (before.log, before.tally):
        raise FaultFailedError(f"votes of another topic were counted: {before} -> {after}")
    if (signed := asyncio.run(_tree_heads(scene, dict.fromkeys(counts, 0)))) != trees:
        raise FaultFailedError(f"another topic was signed: {trees} -> {signed}")
    stop_together(system.consumers)
    kafka.kill()
    shutil.rmtree(kafka.data / "log")
    shutil.copytree(kept, kafka.data / "log")
    scene.start_recovery()
    kafka.start()
    start_together([*system.consumers, *system.poll_services])


async def _positions(scene: Scene) -> Positions:
    async with open_stores_reader(
        scene.system.bootstrap_servers, scene.system.redis.url, scene.system.mongodb.url
    ) as reader:
        return await reader.positions()


async def _write_votes(address: str, counts: Mapping[int, int]) -> None:
    """Write valid votes that nobody cast: `counts` has how many go to each partition."""
    async with AIOKafkaProducer(bootstrap_servers=address) as producer:
        written = []
        for partition, count in counts.items():
            for _ in range(count):
                vote_id = new_vote_id(partition)
                vote = sample_vote(id=vote_id, name="Nobody", album="Another topic")
                where = partition_of(vote_id, len(counts))
                written.append(
                    await producer.send(
                        VOTES_TOPIC, encode_vote(vote), key=vote_id.encode(), partition=where
                    )
                )
        await asyncio.gather(*written)


async def _tree_heads(scene: Scene, ends: Mapping[int, int]) -> Mapping[int, Checkpoint]:
    """Return the notary's checkpoints, as soon as they reach these ends of partitions."""
    system = scene.system
    found = await read_trees(system.services["svc_notary"].url, system.signing_key.verifier, ends)
    return {number: tree.checkpoint for number, tree in found.items()}


def _halted(services: list[Service], metric: str = "svc_consumer_partition_halted") -> int:
    """Return how many partitions are halted according to the services' metrics."""
    with httpx.Client(timeout=5, trust_env=False) as client:
        metrics = [client.get(f"{s.url}/metrics").text.splitlines() for s in services]
    return sum(
        line.startswith(f"{metric}{{") and line.endswith(" 1.0")
        for lines in metrics
        for line in lines
    )


TOPICS = [
    Fault(
        "topic replaced",
        "the topic is replaced by one with half its partitions shorter, half longer; then restored",
        _replace_topic,
        idle=True,
    ),
]
