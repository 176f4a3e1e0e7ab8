"""The system with weak spots: proxies in front of Kafka, stores on small disks, wrong clocks."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from harness.processes.ports import free_port, free_ports
from harness.processes.server import Server, start_together, stop_together
from harness.servers.kafka_config import Node, ProxyLink
from harness.servers.kafka_server import KafkaServer
from harness.servers.small_disk import SmallDisk
from harness.servers.tcp_proxy import TcpProxy
from harness.system.system import System
from tools.services.roster import SERVICES

CONSUMERS: Final = ("svc_consumer", "svc_consumer-2")
CLOCKS_MS: Final = 500
"""How far the clocks of the services are apart."""

_USERS_OF_KAFKA: Final = (
    *(name for name, service in SERVICES.items() if "kafka" in service.needs),
    *CONSUMERS[1:],
    "svc_polls-2",
)
_CLOCKS_AHEAD_MS: Final = {"svc_http_route": -CLOCKS_MS}
_REDIS_DISK_KB: Final = 160 * 1024
_NOTARY_DISK_KB: Final = 32 * 1024


class WeakenedSystem(System):
    """The whole system on free ports, with two consumers of one group and two of svc_polls.

    Each service reaches Kafka through a proxy of its own, unless Kafka has several nodes. Redis and
    svc_notary keep their data on small disks. The clock of svc_http_route is half a second behind.
    """

    def __init__(
        self,
        folder: Path,
        *,
        nodes: int = 1,
        votes_per_second: int | None = None,
        **settings: str,
    ) -> None:
        """`nodes` is how many nodes Kafka has; `settings` go to every service.

        `votes_per_second` is the entry's limit for one address. Nothing starts yet.
        """
        links = _links() if nodes == 1 else {}
        self.proxies = {
            user: TcpProxy(f"{user}-proxy", link.proxy_port, link.port, folder)
            for user, link in links.items()
        }
        super().__init__(
            folder,
            free_ports(),
            nodes=_kafka_nodes(nodes, list(links.values()), folder),
            kafka_addresses={user: proxy.address for user, proxy in self.proxies.items()},
            instances={"svc_consumer": len(CONSUMERS), "svc_polls": 2},
            votes_per_second=votes_per_second,
            settings=settings,
        )
        self.redis_disk = SmallDisk("redis-disk", _REDIS_DISK_KB, folder)
        self.notary_disk = SmallDisk("notary-disk", _NOTARY_DISK_KB, folder)
        for name, ahead_ms in _CLOCKS_AHEAD_MS.items():
            self.services[name].clock_ahead_ms = ahead_ms

    @property
    def parts(self) -> list[Server]:
        """What an operator starts and stops: all but the disk and the network."""
        return super().servers

    @property
    def servers(self) -> list[Server]:
        """The network and the parts, in the order in which they start."""
        return [*self.proxies.values(), *self.parts]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run everything while the context lasts."""
        with self._disk_and_network():
            self.start()
            yield

    @contextmanager
    def prepared(self) -> Iterator[None]:
        """Provide disk, network and topics while the context lasts; none of the parts runs."""
        with self._disk_and_network():
            start_together(self.nodes)
            self.kafka.create_topics()
            stop_together(self.nodes)
            yield

    def stop(self) -> None:
        """End everything, paused servers too."""
        super().stop()
        stop_together([*self.proxies.values(), self.redis_disk, self.notary_disk])

    @contextmanager
    def _disk_and_network(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as ends:
            ends.callback(self.stop)
            for server, disk in (
                (self.redis, self.redis_disk),
                (self.services["svc_notary"], self.notary_disk),
            ):
                disk.start()
                server.data.symlink_to(disk.path)
            start_together(list(self.proxies.values()))
            yield


def _links() -> dict[str, ProxyLink]:
    """Return a listener of Kafka for each service that uses it."""
    return {
        user: ProxyLink(f"LINK{number}", free_port(), free_port())
        for number, user in enumerate(_USERS_OF_KAFKA, 1)
    }


def _kafka_nodes(count: int, links: list[ProxyLink], folder: Path) -> list[KafkaServer]:
    if count == 1:
        return [KafkaServer(free_port(), free_port(), folder, links=links)]
    cluster = [Node(number, free_port(), free_port()) for number in range(1, count + 1)]
    return [
        KafkaServer(node.port, node.controller_port, folder, cluster=cluster) for node in cluster
    ]
