"""The system as a user runs it: with Prometheus, and a folder that keeps all votes."""

import logging
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Self, TextIO

from harness.processes.ports import Ports
from harness.processes.server import Server
from harness.servers.collector import Collector
from harness.servers.prometheus_server import PrometheusServer
from harness.system.checks import check_memory, check_ports, check_programs, lock_folder
from harness.system.system import System

_log = logging.getLogger(__name__)

_WATCH_SECONDS: Final = 0.2


class Stack(System):
    """The whole system and Prometheus.

    A `with` block starts it and ends it. The data folder keeps all votes from one start to the
    next, and serves one stack at a time.
    """

    def __init__(
        self,
        data: Path,
        ports: Ports,
        votes_per_second: int | None = None,
        *,
        has_unary: bool = False,
        collector: Collector | None = None,
    ) -> None:
        """Set up the servers; nothing starts yet, and `data` is created on start.

        `votes_per_second` is the most that the entry accepts from one client address. `has_unary`
        adds svc_grpc_unary. Traces go to the `collector`.
        """
        super().__init__(
            data,
            ports,
            votes_per_second=votes_per_second,
            has_unary=has_unary,
            collector=collector,
        )
        self.prometheus = PrometheusServer(ports["prometheus"], data, self._scraped())
        self._lock: TextIO | None = None

    @property
    def stores(self) -> list[Server]:
        """What the services need before they start, and Prometheus."""
        return [self.redis, self.mongodb, self.prometheus, self.kafka]

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = lock_folder(self.folder)
        try:
            self._check_machine()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        _log.info("stopping all servers")
        self.stop()
        if self._lock is not None:
            self._lock.close()

    def watch(self) -> None:
        """Return when interrupted (Ctrl-C); raise ServerError as soon as a server has ended."""
        with suppress(KeyboardInterrupt):
            while True:
                self.check_running()
                time.sleep(_WATCH_SECONDS)

    def _check_machine(self) -> None:
        check_memory(Path("/proc/meminfo").read_text())
        check_programs(self.servers)
        check_ports(self.servers)

    def _scraped(self) -> dict[str, str]:
        metrics = {service.name: service.address for service in self.services.values()}
        return {**metrics, "traefik": f"{self.entry.host}:{self.entry.probe_port}"}
