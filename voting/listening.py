"""Taking a port, with a clear word when that cannot be."""

import socket
from typing import Final

BACKLOG: Final = 1024


def listen(service: str, host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host`:`port`.

    Ends the process with status 1 and one line on standard error when the port cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise SystemExit(f"{service}: cannot listen on {host}:{port}: {error.strerror}") from error
