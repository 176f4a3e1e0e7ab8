"""What clients can hold at the same time: changes and connections of the service as a process."""

import json
import socket
from contextlib import ExitStack

from harness.processes.waiting import wait_until
from svc_polls.api.app import CONNECTIONS_MAX
from svc_polls.api.running_changes import CHANGES_MAX
from svc_polls.testing.running import ANY, FORM, Organisers

pytest_plugins = ["harness.testing.fixtures", "svc_polls.testing.running_fixtures"]


def test_slow_definitions_have_a_bound_and_keep_nobody_from_operating(
    shared: Organisers, poll: str
) -> None:
    shared.define(poll)
    body = json.dumps(FORM).encode()
    head = (
        f"PUT /api/polls/{poll}-{{number}} HTTP/1.1\r\nAuthorization: Bearer eva\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    address = (shared.running.host, shared.running.port)
    with ExitStack() as stack:
        slow = []
        for number in range(CHANGES_MAX + 3):
            client = stack.enter_context(socket.create_connection(address))
            client.sendall(head.format(number=number).encode() + body[:9])
            slow.append(client)
        refused: set[socket.socket] = set()

        def are_refused() -> bool:
            refused.update(filter(is_refused, slow))
            return len(refused) == 3

        wait_until(are_refused, "the bound")
        answer = shared.ask("PUT", f"/{poll}", headers=ANY, json=FORM)
        assert answer.json()["detail"] == "too many changes at the same time"
        assert shared.ask("POST", f"/{poll}/open", headers=ANY).status_code == 200
        for client in {*slow} - refused:
            client.setblocking(True)
            client.sendall(body[9:])
            assert client.recv(12) == b"HTTP/1.1 201"
    assert shared.define(f"{poll}-after").status_code == 201


def test_connections_have_a_bound(shared: Organisers) -> None:
    address = (shared.running.host, shared.running.port)
    request = b"GET /healthz HTTP/1.1\r\n"
    with ExitStack() as stack:
        held = []
        for _ in range(CONNECTIONS_MAX + 5):
            client = stack.enter_context(socket.create_connection(address))
            client.sendall(request)  # under way, so not idle
            held.append(client)
        wait_until(lambda: any(map(is_refused, held)), "a refusal")
    wait_until(lambda: shared.http.get("/healthz").status_code == 200, "room again")


def is_refused(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return client.recv(12) == b"HTTP/1.1 503"
    except BlockingIOError:
        return False
