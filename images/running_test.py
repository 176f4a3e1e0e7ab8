"""The whole system with every part run from its image: read-only and unprivileged."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest

from harness.processes.ports import free_ports
from harness.processes.server import Server
from harness.processes.waiting import wait_until
from harness.system.stack import Stack
from images.images import OTHERS, image
from tools.oci.container import Container, Unpacked
from tools.services.roster import SERVICES

EMULATOR: Final = Path(os.environ["EMULATOR"]) if "EMULATOR" in os.environ else None
"""What runs images of another processor (//images/arm64); starting takes ten times as long."""

IMAGES: Final = {"entry": "traefik"}
"""The image of a server, where its name differs."""

VOTE: Final = {"name": "Genesis", "album": "Foxtrot", "year": 1972, "rank": 7}
FORCED: Final = {"grpc": "never", "http": "always"}


@pytest.fixture(scope="module")
def containers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Container]:
    unpacked = Unpacked(tmp_path_factory.mktemp("layers"))
    names = [*SERVICES, *OTHERS]
    return {name: Container(image(name), unpacked, EMULATOR) for name in names}


@pytest.fixture(scope="module")
def stack(
    containers: dict[str, Container], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("stack"), free_ports())
    with pytest.MonkeyPatch.context() as patch:
        if EMULATOR:
            patch.setattr(Server, "start_limit_seconds", 300.0)
        for server in stack.servers:
            if EMULATOR and server is stack.kafka:
                continue  # so much slower, it does not keep its own time-outs
            container = containers[IMAGES.get(server.name, server.name)]
            patch.setattr(server, "command", lambda s=server, c=container: contained(s, c))
        with stack:
            yield stack


def contained(server: Server, container: Container) -> list[str]:
    """The command that starts a server of the stack in its image."""
    environment = {k: v for k, v in server.environment().items() if not k.startswith("PYTHON")}
    arguments = arguments_of(server.name, type(server).command(server))
    return container.command(arguments, environment=environment, shared=[server.data])


def arguments_of(name: str, command: list[str]) -> list[str]:
    """Return the arguments for the image's entrypoint, given a command that needs no image."""
    if name in SERVICES:
        return []
    if name == "redis" and EMULATOR:
        # What it asks of the kernel, an emulator does not answer as a kernel of arm64 does.
        return [*command[1:], "--ignore-warnings", "ARM64-COW-BUG"]
    if name == "kafka":
        return command[command.index("kafka.Kafka") :]
    return command[3:] if name == "mongodb" else command[1:]  # python -m nx_27017


@pytest.mark.parametrize("route", FORCED)
def test_a_vote_passes_through_all_containers_to_the_result(stack: Stack, route: str) -> None:
    def votes() -> int:
        return int(httpx.get(f"{stack.entry.url}/api/results").json()["total"])

    before = votes()
    headers = {"X-Vote-Canary": FORCED[route]}
    answer = httpx.post(f"{stack.entry.url}/votes", json=VOTE, headers=headers)
    assert (answer.status_code, answer.headers["X-Vote-Route"]) == (202, route)
    wait_until(lambda: votes() == before + 1, "the vote is in the result")


def test_prometheus_reads_every_service(stack: Stack) -> None:
    def up() -> int:
        answer = httpx.get(f"{stack.prometheus.url}/api/v1/query", params={"query": "sum(up)"})
        result = answer.json()["data"]["result"]
        return int(result[0]["value"][1]) if result else 0

    wait_until(lambda: up() >= len(SERVICES), "all targets are up")


@pytest.mark.parametrize("name", SERVICES)
def test_help_lists_a_services_settings(containers: dict[str, Container], name: str) -> None:
    shown = subprocess.run(
        containers[name].command(["--help"]), capture_output=True, text=True, check=True
    )
    assert f"{name} is configured by environment variables" in shown.stdout


def test_kafka_can_format_its_data_folder(containers: dict[str, Container]) -> None:
    tool = ["kafka.tools.StorageTool", "random-uuid"]
    shown = subprocess.run(
        containers["kafka"].command(tool), capture_output=True, text=True, check=True
    )
    assert len(shown.stdout.strip()) == 22  # 16 bytes in base64


def test_redis_has_the_client_for_probes(containers: dict[str, Container], stack: Stack) -> None:
    command = containers["redis"].command(
        ["-p", str(stack.redis.port), "ping"], entrypoint=["/usr/bin/redis-cli"]
    )
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"PONG\n"


def test_a_program_cannot_write_into_its_image(containers: dict[str, Container]) -> None:
    write = "open('/etc/passwd', 'a')"
    python = containers["svc_results"].command(["-c", write], entrypoint=["/usr/bin/python3.14"])
    shown = subprocess.run(python, capture_output=True, text=True, check=False)
    assert "OSError" in shown.stderr
    assert shown.returncode == 1
