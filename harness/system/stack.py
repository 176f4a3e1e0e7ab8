"""The whole system on this machine: every server and every service, as processes."""

import logging
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Self, TextIO

from harness.processes.ports import Ports
from harness.processes.server import Server, start_together, stop_together
from harness.servers.kafka_server import KafkaServer
from harness.servers.mongodb_server import MongodbServer
from harness.servers.prometheus_server import PrometheusServer
from harness.servers.redis_server import RedisServer
from harness.servers.services import stack_services
from harness.servers.traefik_server import TraefikServer
from harness.system.checks import check_memory, check_ports, check_programs, lock_folder

_log = logging.getLogger(__name__)

_WATCH_S: Final = 0.2


class Stack:
    """Kafka, Redis, MongoDB-protocol server, Prometheus, Traefik and our five services.

    A `with` block starts it and ends it. The data folder keeps all votes from one start to the
    next, and serves one stack at a time.
    """

    def __init__(self, data: Path, ports: Ports, votes_per_second: int | None = None) -> None:
        """Set up the servers; nothing starts yet, and `data` is made on start.

        `votes_per_second` is the most that the entry takes from one client address.
        """
        self._data = data
        self.ports = ports
        self.kafka = KafkaServer(ports.kafka, ports.kafka_controller, data)
        self.redis = RedisServer("redis", ports.redis, data)
        self.mongodb = MongodbServer("mongodb", ports.mongodb, data)
        self.services = {service.name: service for service in stack_services(ports, data)}
        self.entry = TraefikServer(
            ports.entry, ports.entry_metrics, data, self._backends(), votes_per_second
        )
        self.prometheus = PrometheusServer(ports.prometheus, data, self._scraped())
        self._lock: TextIO | None = None

    @property
    def servers(self) -> list[Server]:
        """Everything, in the order in which it starts."""
        return [*self._stores(), *self.services.values(), self.entry]

    def __enter__(self) -> Self:
        self._data.mkdir(parents=True, exist_ok=True)
        self._lock = lock_folder(self._data)
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def watch(self) -> None:
        """Return when interrupted (Ctrl-C); raise ServerError as soon as a server has ended."""
        with suppress(KeyboardInterrupt):
            while True:
                self.check_running()
                time.sleep(_WATCH_S)

    def check_running(self) -> None:
        """Raise ServerError when a server has ended."""
        for server in self.servers:
            server.check_running()

    def _start(self) -> None:
        check_memory(Path("/proc/meminfo").read_text())
        check_programs(self.servers)
        check_ports(self.servers)
        start_together(self._stores())
        self.kafka.create_topics()
        start_together(list(self.services.values()))
        self.entry.start()  # last: from its first request on, both routes are there

    def _stop(self) -> None:
        _log.info("ending all servers")
        stop_together(list(self.services.values()))  # first: they still write what they hold
        stop_together([self.entry, *self._stores()])
        if self._lock is not None:
            self._lock.close()

    def _stores(self) -> list[Server]:
        return [self.redis, self.mongodb, self.prometheus, self.kafka]

    def _backends(self) -> dict[str, str]:
        return {
            "grpc": self.services["svc_grpc_client"].url,
            "http": self.services["svc_http_route"].url,
            "results": self.services["svc_results"].url,
        }

    def _scraped(self) -> dict[str, str]:
        metrics = {service.name: service.address for service in self.services.values()}
        return {**metrics, "traefik": f"{self.entry.host}:{self.entry.probe_port}"}
