"""Redis as the component `encryption` deploys it."""

import socket
import ssl
from pathlib import Path
from typing import override

from harness.processes.errors import NotReadyError
from harness.processes.ports import free_port
from harness.servers.redis_server import RedisServer
from k8s.encryption.testing.deployed import Cluster
from k8s.rendering import FOLDER


class EncryptedRedis(RedisServer):
    """Redis with the settings file and the arguments of the manifests."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        super().__init__("redis", free_port(), folder)
        self._files = cluster

    @override
    def prepare(self) -> None:
        users = self._files.file("redis-users", "users.conf")
        settings = (FOLDER / "base/redis/redis.conf").read_text()
        settings = settings.replace("dir /data\n", f"dir {self.data}\n")
        (self.data / "redis.conf").write_text(settings.replace("/config/users.conf", str(users)))

    @override
    def command(self) -> list[str]:
        _, *arguments = self._files.arguments("StatefulSet/redis")
        here = [part.replace("--tls-port 6379", f"--tls-port {self.port}") for part in arguments]
        return [super().command()[0], str(self.data / "redis.conf"), *here]

    @override
    def probe(self) -> None:
        """Ping without a login, as the probes of the manifests do."""
        trust = ssl.create_default_context(cafile=self._files.file("redis-tls", "ca.crt"))
        with (
            socket.create_connection((self.host, self.port), 2) as connection,
            trust.wrap_socket(connection, server_hostname=self.host) as encrypted,
        ):
            encrypted.sendall(b"PING\r\n")
            if (answer := encrypted.recv(128)) != b"+PONG\r\n":
                raise NotReadyError(answer.decode(errors="replace"))
