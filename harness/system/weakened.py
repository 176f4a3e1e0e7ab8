"""The system under test: the real one on free ports, with two consumers and weak spots."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from harness.processes.ports import HOST, free_port
from harness.processes.server import Server, start_together, stop_together
from harness.servers.kafka_config import Link, Node
from harness.servers.kafka_server import KafkaServer
from harness.servers.mongodb_server import MongodbServer
from harness.servers.redis_server import RedisServer
from harness.servers.services import Service
from harness.servers.small_disk import SmallDisk
from harness.servers.tcp_proxy import TcpProxy
from harness.servers.traefik_server import TraefikServer

CONSUMERS: Final = ("svc_consumer", "svc_consumer-2")
_USERS_OF_KAFKA: Final = ("svc_http_route", "svc_grpc_server", *CONSUMERS)
_START_LIMIT_S: Final = 180.0  # on a machine that does much else
_REDIS_DISK_KB: Final = 160 * 1024


class System:
    """Kafka, both stores, the entry, both routes, the results and two consumers of one group.

    Each service reaches Kafka through a proxy of its own, unless Kafka has several nodes. Redis
    keeps its data on a small disk.
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
        self.folder = folder
        self._settings = settings
        self.proxies: dict[str, TcpProxy] = {}
        self.kafka = self._kafka_nodes(nodes)
        self.redis_disk = SmallDisk("redis-disk", _REDIS_DISK_KB, folder)
        self.redis = RedisServer("redis", free_port(), folder)
        self.mongodb = MongodbServer("mongodb", free_port(), folder)
        self.services = {service.name: service for service in self._services()}
        backends = {
            "grpc": self.services["svc_grpc_client"].url,
            "http": self.services["svc_http_route"].url,
            "results": self.services["svc_results"].url,
        }
        self.entry = TraefikServer(free_port(), free_port(), folder, backends, votes_per_second)
        for server in self.servers:
            server.start_limit_s = _START_LIMIT_S

    @property
    def bootstrap_servers(self) -> str:
        """Kafka's nodes, past the proxies."""
        return ",".join(node.address for node in self.kafka)

    @property
    def consumers(self) -> list[Service]:
        """Return both consumers."""
        return [self.services[name] for name in CONSUMERS]

    @property
    def servers(self) -> list[Server]:
        """Everything, in the order in which it starts."""
        return [*self.proxies.values(), *self.parts]

    @property
    def parts(self) -> list[Server]:
        """What a person starts and stops: all but the disk and the network."""
        return [*self.kafka, self.redis, self.mongodb, self.entry, *self.services.values()]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run everything while the context lasts."""
        with self._disk_and_network():
            start_together([*self.kafka, self.redis, self.mongodb, self.entry])
            self.kafka[0].create_topics()
            start_together(list(self.services.values()))
            yield

    @contextmanager
    def prepared(self) -> Iterator[None]:
        """Have disk, network and topics, while the context lasts; none of the parts runs."""
        with self._disk_and_network():
            start_together(self.kafka)
            self.kafka[0].create_topics()
            stop_together(self.kafka)
            yield

    @contextmanager
    def _disk_and_network(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as ends:
            ends.callback(self.stop)
            self.redis_disk.start()
            self.redis.data.symlink_to(self.redis_disk.path)
            start_together(list(self.proxies.values()))
            yield

    def stop(self) -> None:
        """End everything, paused servers too."""
        stop_together(list(self.services.values()))
        stop_together([self.entry, *self.proxies.values()])
        stop_together([self.redis, self.mongodb, *self.kafka, self.redis_disk])

    def _kafka_nodes(self, count: int) -> list[KafkaServer]:
        if count == 1:
            links = [self._link(number, user) for number, user in enumerate(_USERS_OF_KAFKA, 1)]
            return [KafkaServer(free_port(), free_port(), self.folder, links=links)]
        cluster = [Node(number, free_port(), free_port()) for number in range(1, count + 1)]
        return [
            KafkaServer(node.port, node.controller_port, self.folder, cluster=cluster)
            for node in cluster
        ]

    def _link(self, number: int, user: str) -> Link:
        link = Link(f"LINK{number}", free_port(), free_port())
        self.proxies[user] = TcpProxy(f"{user}-proxy", link.proxy_port, link.port, self.folder)
        return link

    def _services(self) -> Iterator[Service]:
        grpc_port = free_port()
        grpc_server = self._service("svc_grpc_server", grpc_port=grpc_port)
        yield grpc_server
        yield self._service("svc_grpc_client", GRPC_TARGET=grpc_server.grpc_target)
        yield self._service("svc_http_route")
        for name in CONSUMERS:
            yield self._service(name, REDIS_URL=self.redis.url, MONGODB_URL=self.mongodb.url)
        yield self._service(
            "svc_results",
            REDIS_URL=self.redis.reader_url,
            MONGODB_URL=self.mongodb.url,
            TRUSTED_PROXIES=f"{HOST}/32",
        )

    def _service(self, name: str, grpc_port: int | None = None, **settings: str) -> Service:
        program = CONSUMERS[0] if name in CONSUMERS else name
        proxy = self.proxies.get(name)
        settings["KAFKA_BOOTSTRAP_SERVERS"] = proxy.address if proxy else self.bootstrap_servers
        settings |= self._settings
        return Service(name, free_port(), self.folder, settings, grpc_port, program)
