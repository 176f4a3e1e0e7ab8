"""How many connections a service has at a time, so that none is refused for want of files."""

import resource
from collections.abc import Collection
from http import HTTPStatus
from time import monotonic
from typing import Final, Protocol

from voting.http.problem import PROBLEM_TYPE, ProblemError

CONNECTIONS_MAX: Final = 3000

# What the process opens beside its connections: Kafka, the stores, gRPC, its own files.
_OTHER_FILES: Final = 256

# At the bound, connections that wait for a request as long as this make room for new ones.
_IDLE_SECONDS: Final = 5.0
_SWEEP_SECONDS: Final = 1.0


class Idle(Protocol):
    """A connection, seen from here."""

    @property
    def idle_seconds(self) -> float:
        """How long it has waited for a request; 0 if one is under way."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class Places:
    """The places for connections; at least one request can be made on each.

    When all are taken, those whose connection only waits are cleared, at most once a second as
    that looks at each; who still finds no place is refused with `refusal`.
    """

    def __init__(self, most: int = CONNECTIONS_MAX) -> None:
        self.most = most
        self._next_sweep = 0.0
        full = ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE, "too many connections", headers={"retry-after": "1"}
        ).answer()
        self.refusal = (
            f"HTTP/1.1 {full.status} {HTTPStatus(full.status).phrase}\r\n"
            f"retry-after: 1\r\nconnection: close\r\ncontent-type: {PROBLEM_TYPE}\r\n"
            f"content-length: {len(full.body)}\r\n\r\n"
        ).encode() + full.body

    def take(self, connections: Collection[Idle]) -> bool:
        """Return whether there is a place beside `connections`."""
        if len(connections) < self.most:
            return True
        now = monotonic()
        if now < self._next_sweep:
            return False
        self._next_sweep = now + _SWEEP_SECONDS
        idle = [one for one in connections if one.idle_seconds > _IDLE_SECONDS]
        for one in idle:
            one.close()
        return bool(idle)


def allow_connections(count: int) -> int:
    """Let the process have `count` connections; return how many of them it may have.

    Many systems allow 1,024 files until asked, and none more than their hard limit.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + _OTHER_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(1, wanted - _OTHER_FILES)
