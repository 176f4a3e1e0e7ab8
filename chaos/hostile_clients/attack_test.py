"""A hostile client works in a process of its own, for a bounded time."""

import os
import signal

import pytest

from chaos.hostile_clients.attack import Attack, AttackFailedError
from chaos.hostile_clients.client import Target
from harness.processes.ports import free_port

SERVICES = ["svc_grpc_client", "svc_http_route", "svc_results"]


def nowhere() -> Target:
    return Target(free_port(), {name: free_port() for name in SERVICES}, free_port())


@pytest.mark.parametrize(
    "name", ["numbers", "bodies", "watchers", "rates", "connections", "grpc", "streams"]
)
def test_a_client_ends_in_time_and_returns_its_record(name: str) -> None:
    for seconds in (1.0, 5.0, 25.0):  # on a busy machine the first answer takes its time
        with Attack(name, nowhere(), seed=1, seconds=seconds) as attack:
            record = attack.record()
        if record.answers:
            break
    assert record.answers
    assert all("Refused" in kind or "UNAVAILABLE" in kind for kind in record.answers)


def test_a_client_that_dies_is_an_error() -> None:
    with Attack("numbers", nowhere(), seed=1, seconds=60) as attack:
        assert attack.pid is not None
        os.kill(attack.pid, signal.SIGKILL)
        with pytest.raises(AttackFailedError, match="ended with an error"):
            attack.record()


def test_leaving_the_block_ends_the_client() -> None:
    with Attack("numbers", nowhere(), seed=1, seconds=60) as attack:
        assert not attack.over
    assert attack.pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(attack.pid, 0)
