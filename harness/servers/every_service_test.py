"""What holds for every service, whatever it does."""

import socket
from typing import TYPE_CHECKING

import msgspec
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


@pytest.mark.parametrize("name", SERVICES)
def test_every_line_of_a_json_log_is_an_event_of_the_service(
    service: StartService, name: str
) -> None:
    server = service(name, ready_path="/healthz", LOG_FORMAT="json", **NOWHERE)
    server.stop()
    events = [msgspec.json.decode(line) for line in server.log.read_text().splitlines()]
    assert {event["service"] for event in events} == {name}
