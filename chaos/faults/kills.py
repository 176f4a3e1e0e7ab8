"""Processes that are killed without warning (SIGKILL) and restarted."""

from collections.abc import Sequence
from functools import partial

from chaos.faults.fault import Fault, Scene
from harness.processes.server import Server, start_together

_LONGEST_ABSENCE_SECONDS = 2.0


def kill_and_restart(scene: Scene, servers: Sequence[Server]) -> None:
    """Kill servers, wait a moment, and start them again."""
    for server in servers:
        server.kill()
    scene.wait_a_moment(_LONGEST_ABSENCE_SECONDS)
    scene.start_recovery()
    start_together(servers)


def _kill_service(name: str, scene: Scene) -> None:
    kill_and_restart(scene, [scene.system.services[name]])


def _kill_one_consumer(scene: Scene) -> None:
    kill_and_restart(scene, [scene.random.choice(scene.system.consumers)])


def _kill_both_consumers(scene: Scene) -> None:
    kill_and_restart(scene, scene.system.consumers)


def _kill_redis(scene: Scene) -> None:
    kill_and_restart(scene, [scene.system.redis])


def _kill_mongodb(scene: Scene) -> None:
    kill_and_restart(scene, [scene.system.mongodb])


def _kill_kafka(scene: Scene) -> None:
    kill_and_restart(scene, scene.system.nodes)


def _kill_everything(scene: Scene) -> None:
    system = scene.system
    kill_and_restart(
        scene, [*system.nodes, system.redis, system.mongodb, *system.services.values()]
    )


KILLS = [
    *(
        Fault(f"kill {name}", f"SIGKILL and restart of {name}", partial(_kill_service, name))
        for name in ("svc_grpc_client", "svc_grpc_server", "svc_http_route", "svc_notary")
    ),
    Fault("kill a consumer", "SIGKILL and restart of one of the two consumers", _kill_one_consumer),
    Fault("kill both consumers", "SIGKILL and restart of the whole group", _kill_both_consumers),
    Fault("kill Redis", "SIGKILL and restart of Redis", _kill_redis),
    Fault("kill MongoDB", "SIGKILL and restart of the MongoDB-protocol server", _kill_mongodb),
    Fault("kill Kafka", "SIGKILL and restart of the broker", _kill_kafka),
    Fault(
        "kill everything", "SIGKILL and restart of broker, stores and services", _kill_everything
    ),
]
