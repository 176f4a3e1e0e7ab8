"""The base of every hostile client: its target, its attack, and a record of what came back."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import ClassVar, Final, NamedTuple

from voting.domain.vote import Route

NAME: Final = "Hostile ".ljust(200, "x")
"""The artist of every vote that a hostile client casts: as long as a name may be."""


class Target(NamedTuple):
    """The ports of a system: the entry's, each service's by name, and that of gRPC."""

    entry: int
    services: Mapping[str, int]
    grpc: int

    @property
    def routes(self) -> dict[Route, int]:
        """The ports that accept votes, bypassing the entry."""
        return {
            Route.GRPC: self.services["svc_grpc_client"],
            Route.HTTP: self.services["svc_http_route"],
        }

    @property
    def http_ports(self) -> list[int]:
        """Every port that answers HTTP, the entry's first."""
        return [self.entry, *self.services.values()]


@dataclass
class AttackRecord:
    """What came back: answers by kind, acknowledged votes, and the peaks of other figures.

    A kind of answer is its status, or what became of the request without one.
    """

    answers: Counter[str] = field(default_factory=Counter)
    acknowledged: list[tuple[str, Route]] = field(default_factory=list)
    peaks: dict[str, float] = field(default_factory=dict)

    def note(self, what: str, value: float) -> None:
        """Record a value of a figure, of which the largest is kept."""
        self.peaks[what] = max(value, self.peaks.get(what, value))


class HostileClient(ABC):
    """A client that uses what it can get; `attack` goes on until it is cancelled."""

    name: ClassVar[str]
    what: ClassVar[str]

    def __init__(self, target: Target, random: Random) -> None:
        self.record = AttackRecord()
        self._target = target
        self._random = random

    @abstractmethod
    async def attack(self) -> None:
        """Attack until cancelled."""
