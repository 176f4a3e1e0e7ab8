"""Opens a listening socket, or ends the process with a clear message."""

import socket
from typing import Final

BACKLOG: Final = 1024


def listen(service: str, host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host`:`port`; `::` means every address, IPv4 included.

    On a machine without IPv6, `::` means every IPv4 address, so that one setting and one image
    work everywhere. Ends the process with status 1 and one line on standard error if the port is
    not available.
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
