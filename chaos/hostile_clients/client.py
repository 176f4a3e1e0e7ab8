"""What every hostile client is: told where, it does its worst, and notes what came back."""

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
    """The ports of a system: the entry's, each service's own by its name, and that of gRPC."""

    entry: int
    services: Mapping[str, int]
    grpc: int

    @property
    def routes(self) -> dict[Route, int]:
        """The ports that take votes, past the entry."""
        return {
            Route.GRPC: self.services["svc_grpc_client"],
            Route.HTTP: self.services["svc_http_route"],
        }

    @property
    def faces(self) -> list[int]:
        """Every port that answers HTTP, the entry's first."""
        return [self.entry, *self.services.values()]


@dataclass
class Harvest:
    """What came back: answers by kind, votes that were acknowledged, and the most of other things.

    A kind of answer is its status, or what became of the request without one.
    """

    answers: Counter[str] = field(default_factory=Counter)
    acknowledged: list[tuple[str, Route]] = field(default_factory=list)
    most: dict[str, float] = field(default_factory=dict)

    def note(self, what: str, value: float) -> None:
        """Keep the largest value of a thing."""
        self.most[what] = max(value, self.most.get(what, value))


class HostileClient(ABC):
    """A client that takes what it can get; `attack` goes on until it is cancelled."""

    name: ClassVar[str]
    what: ClassVar[str]

    def __init__(self, target: Target, random: Random) -> None:
        self.harvest = Harvest()
        self._target = target
        self._random = random

    @abstractmethod
    async def attack(self) -> None:
        """Do it."""
