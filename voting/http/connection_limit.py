"""The limit on a service's connections, so that it never runs out of file descriptors."""

import resource
from collections.abc import Collection
from http import HTTPStatus
from time import monotonic
from typing import Final, Protocol

from voting.http.problem import PROBLEM_TYPE, ProblemError

CONNECTIONS_MAX: Final = 3000

# Descriptors that the process needs besides its connections: Kafka, the stores, gRPC, files.
_OTHER_FILES: Final = 256

# At the limit, connections that have been idle for longer than this make room for new ones.
_IDLE_SECONDS: Final = 5.0
_SWEEP_SECONDS: Final = 1.0


class IdleConnection(Protocol):
    """What the limit needs of a connection."""

    @property
    def idle_seconds(self) -> float:
        """How long it has waited for a request; 0 if one is in progress."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


class ConnectionLimit:
    """At most `limit` connections at a time; each can make at least one request.

    At the limit, idle connections are closed, at most once a second because that inspects every
    connection. A connection over the limit is answered with `refusal`.
    """

    def __init__(self, limit: int = CONNECTIONS_MAX) -> None:
        self.limit = limit
        self._next_sweep = 0.0
        full = ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE, "too many connections", headers={"retry-after": "1"}
        ).answer()
        self.refusal = (
            f"HTTP/1.1 {full.status} {HTTPStatus(full.status).phrase}\r\n"
            f"retry-after: 1\r\nconnection: close\r\ncontent-type: {PROBLEM_TYPE}\r\n"
            f"content-length: {len(full.body)}\r\n\r\n"
        ).encode() + full.body

    def admits(self, connections: Collection[IdleConnection]) -> bool:
        """Return whether one more may be added to `connections`; close idle ones if need be."""
        if len(connections) < self.limit:
            return True
        now = monotonic()
        if now < self._next_sweep:
            return False
        self._next_sweep = now + _SWEEP_SECONDS
        idle = [c for c in connections if c.idle_seconds > _IDLE_SECONDS]
        for connection in idle:
            connection.close()
        return bool(idle)


def allow_connections(count: int) -> int:
    """Raise the process's file limit for `count` connections; return how many it allows.

    Many systems allow 1,024 files by default, and never more than their hard limit.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + _OTHER_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(1, wanted - _OTHER_FILES)
