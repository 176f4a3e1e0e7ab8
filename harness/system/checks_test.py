import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from harness.processes.errors import PortInUseError, ServerError
from harness.processes.ports import free_port, is_free
from harness.processes.programs import python_environment
from harness.servers.redis_server import RedisServer
from harness.system.checks import check_memory, check_ports, check_programs, lock_folder

MEMINFO = "MemTotal:       8000000 kB\nMemAvailable:   1024000 kB\nHugePages_Total:       0\n"


def test_enough_memory_is_fine() -> None:
    check_memory(MEMINFO, needed_mb=1000)


def test_too_little_memory_is_an_error_before_anything_starts() -> None:
    with pytest.raises(ServerError, match="1000 MB available, the stack needs 1500 MB"):
        check_memory(MEMINFO, needed_mb=1500)


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    server = RedisServer("redis", free_port(), tmp_path)
    check_ports([server])
    in_use = pytest.raises(PortInUseError, match=rf"port {server.port} \(redis\) is in use")
    with socket.create_server((server.host, server.port)), in_use:
        check_ports([server])


def test_a_missing_program_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServerError, match=r"no program redis-server on PATH.*package redis-server"):
        check_programs([RedisServer("redis", 6379, tmp_path)])


def test_a_folder_serves_one_stack_at_a_time(tmp_path: Path) -> None:
    refused = pytest.raises(ServerError, match=f"another stack .process {os.getpid()}. is using")
    with lock_folder(tmp_path), refused:
        lock_folder(tmp_path)
    lock_folder(tmp_path).close()


def test_a_free_port_is_given_to_one_process_only() -> None:
    taken = free_port()
    script = f"from harness.processes.ports import _reserve; print(_reserve({taken}))"
    other = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **python_environment()},
        capture_output=True,
        check=True,
        text=True,
    )
    assert other.stdout.strip() == "False"
    assert is_free(taken)
    assert taken < 32768
