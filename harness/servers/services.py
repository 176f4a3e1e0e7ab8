"""Our own services as processes."""

import sys
from collections.abc import Mapping
from pathlib import Path

from harness.processes.http_server import HttpServer
from harness.processes.ports import Ports
from harness.processes.programs import ROOT, python_environment
from harness.servers.redis_access import READER


class Service(HttpServer):
    """One of our services, configured by environment variables."""

    def __init__(
        self,
        name: str,
        port: int,
        folder: Path,
        environment: Mapping[str, str],
        grpc_port: int | None = None,
        program: str | None = None,
    ) -> None:
        """`port` is the HTTP port; svc_grpc_server takes votes on `grpc_port`.

        `program` is the service that runs, where `name` is not it: there may be two of one.
        """
        super().__init__(name, port, folder)
        self.program = program or name
        self.grpc_port = grpc_port
        self._environment = environment

    @property
    def ports(self) -> dict[str, int]:
        """The HTTP port, and the one for gRPC where there is one."""
        grpc = {} if self.grpc_port is None else {f"{self.name}-grpc": self.grpc_port}
        return {self.name: self.port, **grpc}

    @property
    def grpc_target(self) -> str:
        """What a gRPC client connects to."""
        return f"dns:///{self.host}:{self.grpc_port}"

    def command(self) -> list[str]:
        """Return the service's Bazel target, or its module where there is no Bazel."""
        binary = ROOT / self.program / self.program
        return [str(binary)] if binary.exists() else [sys.executable, "-m", self.program]

    def environment(self) -> Mapping[str, str]:
        """Return the settings, ports among them."""
        grpc = {} if self.grpc_port is None else {"GRPC_PORT": str(self.grpc_port)}
        listen = {"HOST": self.host, "PORT": str(self.port), **grpc}
        return {**python_environment(), **listen, **self._environment}


def stack_services(ports: Ports, folder: Path) -> list[Service]:
    """Return the five services, each told where the others and the stores are."""
    kafka = {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{ports.kafka}"}
    stores = {
        "REDIS_URL": f"redis://127.0.0.1:{ports.redis}/0",
        "MONGODB_URL": f"mongodb://127.0.0.1:{ports.mongodb}",
    }
    reader = {"REDIS_URL": f"redis://{READER}@127.0.0.1:{ports.redis}/0"}
    grpc_server = Service(
        "svc_grpc_server", ports.svc_grpc_server, folder, kafka, ports.svc_grpc_server_grpc
    )
    target = {"GRPC_TARGET": grpc_server.grpc_target}
    entry = {"TRUSTED_PROXIES": "127.0.0.1/32"}  # Traefik is on this machine, too
    return [
        grpc_server,
        Service("svc_grpc_client", ports.svc_grpc_client, folder, target),
        Service("svc_http_route", ports.svc_http_route, folder, kafka),
        Service("svc_consumer", ports.svc_consumer, folder, {**kafka, **stores}),
        Service("svc_results", ports.svc_results, folder, {**stores, **reader, **entry}),
    ]
