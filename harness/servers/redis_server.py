"""Redis, which keeps the tally."""

import socket
from typing import Final

from harness.processes.errors import NotReadyError
from harness.processes.programs import find_program
from harness.processes.server import Server
from harness.servers.redis_access import READER, READER_RIGHTS

_PROBE_LIMIT_SECONDS: Final = 1.0


class RedisServer(Server):
    """Redis with an append-only file, synced every second; it refuses writes when memory is full.

    Losing the last second, or all of it, is fine: the consumer restores it from the vote log.
    """

    @property
    def url(self) -> str:
        """Address of database 0 as redis:// URL."""
        return f"redis://{self.address}/0"

    @property
    def reader_url(self) -> str:
        """The same, for the user who may only read the tally."""
        return f"redis://{READER}@{self.address}/0"

    def users(self) -> list[str]:
        """Return the arguments for the users besides the default one, which may do everything."""
        return ["--user", READER, "on", "nopass", *READER_RIGHTS]

    def command(self) -> list[str]:
        """Return the command line, which holds all settings."""
        settings = {
            "bind": self.host,
            "port": str(self.port),
            "dir": str(self.data),
            "save": "",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory": "256mb",
            "maxmemory-policy": "noeviction",
        }
        arguments = [part for key, value in settings.items() for part in (f"--{key}", value)]
        return [find_program("redis-server"), *arguments, *self.users()]

    def probe(self) -> None:
        """Send PING, which a server that still loads its data refuses."""
        with socket.create_connection((self.host, self.port), _PROBE_LIMIT_SECONDS) as connection:
            connection.sendall(b"PING\r\n")
            answer = connection.recv(128).decode(errors="replace").strip()
        if answer != "+PONG":
            raise NotReadyError(answer or "connection closed")
