"""TCP ports on 127.0.0.1, all below 32768: the kernel gives the ports from there on to clients."""

import errno
import random
import socket
from collections.abc import Mapping
from typing import Final

from tools.services.roster import SERVICES, UNARY_CLIENT

HOST: Final = "127.0.0.1"
_CHOICE: Final = range(20000, 32768)
_TRIES: Final = 200


def is_free(port: int) -> bool:
    """Return whether a server could listen on the port now. Raises OSError when nobody may."""
    with socket.socket() as probe:
        # As servers do: connections that an earlier server left in TIME_WAIT do not matter.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False
    return True


def free_port() -> int:
    """Return a port that nobody uses, and that no other call of this function returns meanwhile.

    The reservation lasts until this process ends, for all processes of this machine's network
    namespace: other tests run at the same time. Raises RuntimeError when no port can be had.
    """
    for port in random.sample(_CHOICE, _TRIES):
        if is_free(port) and _reserve(port):
            return port
    raise RuntimeError(f"no free port among {_TRIES} tried between 20000 and 32767")


def _reserve(port: int) -> bool:
    # Names in the abstract socket namespace belong to the network namespace, as ports do, and the
    # kernel drops them when their owner ends. A lock file would do neither.
    reservation = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        reservation.bind(f"\0voting-port-{port}")
    except OSError:
        reservation.close()
        return False
    reservation.detach()  # open until this process ends
    return True


type Ports = Mapping[str, int]
"""The port of everything in the system, by the names that servers have for their ports."""


def _of_services() -> dict[str, int]:
    found = {}
    for name, service in SERVICES.items():
        if service.grpc_port is not None:
            found[f"{name}-grpc"] = service.grpc_port
        found[name] = service.port
    return found


DEFAULT_PORTS: Final[Ports] = {
    "entry": 8080,
    "entry-metrics": 9080,
    **_of_services(),
    UNARY_CLIENT: 8011,
    "kafka": 9092,
    "kafka-controller": 9093,
    "redis": 6379,
    "mongodb": 27017,
    "prometheus": 9090,
}


def free_ports() -> Ports:
    """Return a free port for everything."""
    return {name: free_port() for name in DEFAULT_PORTS}
