"""A service that listens on `::` is reached over IPv4 and IPv6, on each of its ports."""

import socket
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # pytest wants to import its plug-ins itself
    from harness.testing.fixtures import StartService

pytest_plugins = ["harness.testing.fixtures"]

NOWHERE = {
    "svc_grpc_client": {"GRPC_TARGET": "dns:///127.0.0.1:1"},
    "svc_grpc_server": {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"},
    "svc_http_route": {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"},
    "svc_consumer": {
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "MONGODB_URL": "mongodb://127.0.0.1:1",
    },
    "svc_results": {"REDIS_URL": "redis://127.0.0.1:1/0", "MONGODB_URL": "mongodb://127.0.0.1:1"},
}


@pytest.mark.parametrize("name", NOWHERE)
def test_every_port_is_reached_over_both(service: StartService, name: str) -> None:
    server = service(name, ready_path="/healthz", HOST="::", **NOWHERE[name])
    try:
        for port in server.ports.values():
            for host in ("127.0.0.1", "::1"):
                socket.create_connection((host, port), timeout=5).close()
    finally:
        server.stop()
