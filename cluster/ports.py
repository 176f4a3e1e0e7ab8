"""The ports on this machine that lead into the cluster."""

import errno
import socket
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from types import TracebackType
from typing import Final, Self

from cluster.common import network
from cluster.common.errors import ClusterError

HOST: Final = "127.0.0.1"

DEFAULTS: Final = {"registry": 5000, "api": 6443, "entry": 8080}
INNER: Final = {
    "registry": network.REGISTRY_PORT,
    "api": network.API_PORT,
    "entry": network.ENTRY_PORT,
}
"""The ports inside the cluster that they lead to."""


class Listening:
    """Sockets that listen on this machine, to be passed on to the node."""

    def __init__(self, ports: dict[str, int]) -> None:
        """Listen on each port; 0 is a free one. Raises ClusterError when one is in use."""
        self._open = [_listen(name, port) for name, port in ports.items()]
        self.ports = {
            name: socket.getsockname()[1] for name, socket in zip(ports, self._open, strict=True)
        }

    @property
    def sockets(self) -> list[int]:
        """Their file descriptors, in the order of the ports."""
        return [socket.fileno() for socket in self._open]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for listening in self._open:
            listening.close()


def _listen(name: str, port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise ClusterError(
            f"port {port} ({name}) is in use by another program: stop it, or choose another one "
            f"with --port-{name}"
        ) from error


def answers(port: int, path: str, status: int) -> bool:
    """Return whether a GET of `path` on a port of this machine is answered with `status`."""
    with closing(HTTPConnection(HOST, port, timeout=2)) as connection:
        try:
            connection.request("GET", path)
            return connection.getresponse().status == status
        except OSError, HTTPException:
            return False
