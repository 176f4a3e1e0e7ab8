"""Taking a port, with a clear word when that cannot be."""

import socket
from typing import Final

BACKLOG: Final = 1024


def listen(service: str, host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host`:`port`; `::` means every address, of IPv4 too.

    Where the machine has no IPv6, `::` means every address of IPv4, so that one setting, and one
    image, serves everywhere.
    Ends the process with status 1 and one line on standard error when the port cannot be had.
    """
    try:
        return _open(host, port)
    except OSError as error:
        raise SystemExit(f"{service}: cannot listen on {host}:{port}: {error.strerror}") from error


def _open(host: str, port: int) -> socket.socket:
    both = host == "::" and socket.has_dualstack_ipv6()
    if host == "::" and not both:
        host = "0.0.0.0"  # noqa: S104 - as asked
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG, dualstack_ipv6=both)
