"""The setting WATCHED_SERVICES: which services the console shows."""

import re
from typing import Final, NamedTuple
from urllib.parse import urlsplit

SERVICES_MAX: Final = 20
_NAME: Final = re.compile(r"[\w.-]{1,64}", re.ASCII)


class WatchedAddress(NamedTuple):
    """A service to watch: behind its host there may be several instances."""

    name: str
    host: str
    port: int


def read_watched_services(text: str) -> tuple[WatchedAddress, ...]:
    """Return the services of WATCHED_SERVICES: `name=http://host:port`, comma-separated.

    `ValueError` says what is wrong.
    """
    if not text.strip():
        return ()
    found = tuple(_watched_address(item.strip()) for item in text.split(","))
    if len(found) > SERVICES_MAX:
        raise ValueError(f"must be at most {SERVICES_MAX}")
    if len({one.name for one in found}) < len(found):
        raise ValueError("the same name appears twice")
    return found


def _watched_address(item: str) -> WatchedAddress:
    name, _, url = item.partition("=")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    plain = host is not None and port and url == f"http://{with_port(host, port)}"
    if not _NAME.fullmatch(name) or host is None or not port or not plain:
        raise ValueError("must be NAME=http://HOST:PORT, comma-separated")
    return WatchedAddress(name, host, port)


def with_port(host: str, port: int) -> str:
    """Return a host or an address with a port, as a URL has them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
