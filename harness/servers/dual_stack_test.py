"""A service that listens on `::` is reached over IPv4 and IPv6, on each of its ports."""

import socket
from typing import TYPE_CHECKING

import pytest

from tools.services.roster import SERVICES

if TYPE_CHECKING:  # pytest wants to import its plug-ins itself
    from harness.testing.fixtures import StartService

pytest_plugins = ["harness.testing.fixtures"]

NOWHERE = {
    "GRPC_TARGET": "dns:///127.0.0.1:1",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "MONGODB_URL": "mongodb://127.0.0.1:1",
}


@pytest.mark.parametrize("name", SERVICES)
def test_every_port_is_reached_over_both(service: StartService, name: str) -> None:
    server = service(name, ready_path="/healthz", HOST="::", **NOWHERE)
    try:
        for port in server.ports.values():
            for host in ("127.0.0.1", "::1"):
                socket.create_connection((host, port), timeout=5).close()
    finally:
        server.stop()
