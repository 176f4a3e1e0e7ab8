"""Processes and networks that hang for a while and then go on as before."""

from chaos.faults.fault import Fault, Scene
from harness.processes.server import Server

_SESSION_SECONDS = 8.0  # longer than Kafka waits for a member of a group (6 s)
_ZOMBIE_SECONDS = 20.0
_SILENCE_SECONDS = 7.0  # longer than a route waits for Kafka (5 s)
_LONG_SILENCE_SECONDS = 12.0


def _hang(scene: Scene, server: Server, seconds: float) -> None:
    server.pause()
    scene.wait(seconds)
    scene.start_recovery()
    server.resume()


def _zombie_consumer(scene: Scene) -> None:
    seconds = _ZOMBIE_SECONDS if scene.long else _SESSION_SECONDS
    _hang(scene, scene.random.choice(scene.system.consumers), seconds)


def _hang_grpc_server(scene: Scene) -> None:
    seconds = _ZOMBIE_SECONDS if scene.long else _SESSION_SECONDS
    _hang(scene, scene.system.services["svc_grpc_server"], seconds)


def _cut_network(scene: Scene) -> None:
    proxy = scene.random.choice(list(scene.system.proxies.values()))
    proxy.kill()
    scene.wait(1 + 3 * scene.random.random())
    scene.start_recovery()
    proxy.start()


def _silence_network(scene: Scene) -> None:
    proxy = scene.random.choice(list(scene.system.proxies.values()))
    _hang(scene, proxy, _LONG_SILENCE_SECONDS if scene.long else _SILENCE_SECONDS)


HANGS = [
    Fault(
        "consumer hangs",
        "SIGSTOP of a consumer until its partitions moved to the other, then SIGCONT",
        _zombie_consumer,
    ),
    Fault("gRPC server hangs", "SIGSTOP of svc_grpc_server, then SIGCONT", _hang_grpc_server),
    Fault(
        "network cut",
        "connections between a service and Kafka break and cannot be reopened for up to 4 s",
        _cut_network,
    ),
    Fault(
        "network silent",
        "traffic between a service and Kafka is dropped while connections stay open",
        _silence_network,
    ),
]
