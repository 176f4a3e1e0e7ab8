"""Our own services as processes."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from harness.processes.http_server import HttpServer
from harness.processes.programs import ROOT, python_environment
from tools.services.roster import SERVICES

_SETTINGS: Final = {
    "kafka": "KAFKA_BOOTSTRAP_SERVERS",
    "redis": "REDIS_URL",
    "redis-reader": "REDIS_URL",
    "mongodb": "MONGODB_URL",
}
"""The setting with which a service finds each server."""

_WRONG_CLOCK: Final = ROOT / "harness" / "servers" / "wrong_clock"


class Service(HttpServer):
    """One of our services, configured by environment variables."""

    clock_ahead_ms = 0
    """How far the clock of its process is ahead of this machine's; negative if it is behind."""

    def __init__(
        self,
        name: str,
        port: int,
        folder: Path,
        environment: Mapping[str, str],
        grpc_port: int | None = None,
        program: str | None = None,
        source: Path | None = None,
    ) -> None:
        """`port` is the HTTP port; svc_grpc_server takes votes on `grpc_port`.

        `program` is the service that runs, if `name` is another: there may be two of one service.
        `source` is another checkout that it runs from.
        """
        super().__init__(name, port, folder)
        self.program = program or name
        self.grpc_port = grpc_port
        self._source = source
        self._environment = environment

    def set(self, settings: Mapping[str, str]) -> None:
        """Change these settings, from the next start on."""
        self._environment = {**self._environment, **settings}

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
        if binary.exists() and not self._source:
            return [str(binary)]
        return [sys.executable, "-P", "-m", self.program]

    def environment(self) -> Mapping[str, str]:
        """Return the settings, ports among them."""
        grpc = {} if self.grpc_port is None else {"GRPC_PORT": str(self.grpc_port)}
        listen = {"HOST": self.host, "PORT": str(self.port), **grpc}
        folder = {"NOTARY_DIR": str(self.data)} if self.program == "svc_notary" else {}
        return {**self._imports(), **self._clock(), **listen, **folder, **self._environment}

    def _imports(self) -> dict[str, str]:
        found = python_environment()
        if self._source:
            found["PYTHONPATH"] = f"{self._source}:{found['PYTHONPATH']}"
        return found

    def _clock(self) -> dict[str, str]:
        if not self.clock_ahead_ms:
            return {}
        path = f"{_WRONG_CLOCK}:{python_environment()['PYTHONPATH']}"
        return {"PYTHONPATH": path, "CLOCK_AHEAD_MS": str(self.clock_ahead_ms)}


def wiring(
    program: str, address_of: Callable[[str], str], given: Mapping[str, str]
) -> dict[str, str]:
    """Return the settings of a service: those given, and the addresses of what it needs.

    `address_of` returns the address of a server that the roster names; it is called only for
    what `given` does not set.
    """
    found = dict(given)
    for server in SERVICES[program].needs:
        if (setting := _SETTINGS[server]) not in given:
            found[setting] = address_of(server)
    return found
