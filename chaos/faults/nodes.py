"""Nodes of a Kafka cluster that are killed without warning, one at a time."""

import asyncio
from collections.abc import Callable
from typing import Final

from aiokafka.errors import KafkaError

from chaos.faults.fault import Fault, Scene
from harness.servers.kafka_quorum import Leadership, active_controller, partition_leaders
from harness.servers.kafka_server import KafkaServer
from voting.domain.vote import Route
from voting.ledger.settings import VOTES_TOPIC

_REPLICATED_SECONDS: Final = 120.0
_ELECTED_SECONDS: Final = 30.0


def _kill_leader(scene: Scene) -> None:
    leaders = asyncio.run(partition_leaders(scene.system.bootstrap_servers, VOTES_TOPIC))
    leader = scene.random.choice(list(leaders.values())).leader
    _kill_node(scene, next(node for node in scene.system.nodes if node.node.id == leader))


def _kill_controller(scene: Scene) -> None:
    any_node = scene.system.kafka
    active = active_controller(any_node.host, any_node.port)
    node = next(node for node in scene.system.nodes if node.node.id == active)
    _kill_node(scene, node)


def _kill_node(scene: Scene, node: KafkaServer) -> None:
    """Kill a node; start it once votes went on without it, and return when it has all records."""
    node.kill()
    scene.wait_until(
        lambda: _all_leaders(scene, lambda found: found.leader != node.node.id),
        "other leaders",
        _ELECTED_SECONDS,
    )
    for route in Route:
        scene.must_acknowledge(route)
    scene.start_recovery()
    node.start()
    nodes = len(scene.system.nodes)
    scene.wait_until(
        lambda: _all_leaders(scene, lambda found: len(found.in_sync) == nodes),
        "every node in sync",
        _REPLICATED_SECONDS,
    )


def _all_leaders(scene: Scene, holds: Callable[[Leadership], bool]) -> bool:
    """Return whether this is known to hold for each partition."""
    try:
        leaders = asyncio.run(partition_leaders(scene.system.bootstrap_servers, VOTES_TOPIC))
    except KafkaError, OSError:
        return False
    return all(map(holds, leaders.values()))


NODES: Final = [
    Fault("kill the leader", "SIGKILL and restart of a partition's leader", _kill_leader),
    Fault(
        "kill the controller",
        "SIGKILL and restart of the active controller",
        _kill_controller,
    ),
]
