"""The parts that make a network or a disk fail."""

import socket
from pathlib import Path

import pytest

from harness.processes.ports import free_port
from harness.servers.redis_server import RedisServer
from harness.servers.small_disk import SmallDisk
from harness.servers.tcp_proxy import TcpProxy


def ping(port: int, limit_seconds: float = 5.0) -> bytes:
    with socket.create_connection(("127.0.0.1", port), limit_seconds) as connection:
        connection.sendall(b"PING\r\n")
        return connection.recv(64)


def test_a_proxy_forwards_until_it_is_cut_and_again_afterwards(tmp_path: Path) -> None:
    with (
        RedisServer("redis", free_port(), tmp_path) as redis,
        TcpProxy("proxy", free_port(), redis.port, tmp_path) as proxy,
    ):
        assert ping(proxy.port) == b"+PONG\r\n"
        proxy.kill()
        with pytest.raises(ConnectionRefusedError):
            ping(proxy.port)
        proxy.start()
        assert ping(proxy.port) == b"+PONG\r\n"
        proxy.pause()
        with pytest.raises(TimeoutError):
            ping(proxy.port, 0.2)
        proxy.resume()
        assert ping(proxy.port) == b"+PONG\r\n"


def test_a_proxy_without_a_target_closes_the_connection(tmp_path: Path) -> None:
    with TcpProxy("proxy", free_port(), free_port(), tmp_path) as proxy:
        assert ping(proxy.port) == b""


def test_a_small_disk_is_full_until_it_is_cleared(tmp_path: Path) -> None:
    with SmallDisk("disk", 256, tmp_path) as disk:
        file = disk.path / "file"
        file.write_bytes(b"kept")
        disk.fill()
        with pytest.raises(OSError, match="No space left"):
            (disk.path / "more").write_bytes(b"x")
        disk.clear()
        (disk.path / "more").write_bytes(b"x")
        assert file.read_bytes() == b"kept"
        assert list(disk.data.iterdir()) == []  # invisible to other processes
