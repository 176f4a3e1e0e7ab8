"""A turn: one short measurement of one case. Cases take turns, so that all see the same machine."""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import msgspec

from bench.apparatus.clock import cpu_of
from harness.processes.server import Server
from loadtest.model.percentiles import percentile_of


class Turn(msgspec.Struct, frozen=True):
    """The figures of one turn of a case.

    `cpu_seconds` is the processor time by process or part, `seconds` how long the turn took, both
    for `votes` votes that were accepted (or counted), or for none. `generator_seconds` is the
    processor time of the load generator, which is part of no case. `p50` and `p99` are of the
    seconds until votes were acknowledged; `visible` has the seconds from there until probes were
    in the tally.
    """

    votes: int
    seconds: float
    cpu_seconds: dict[str, float]
    generator_seconds: float = 0.0
    p50: float | None = None
    p99: float | None = None
    visible: list[float] = []

    def cost_us(self, names: Sequence[str]) -> float:
        """Return µs of processor time per vote of these processes; 0 without votes."""
        used = self._used(names)
        return used / self.votes * 1e6 if self.votes else 0.0

    def core_percent(self, names: Sequence[str]) -> float:
        """Return the share of a core that these processes used."""
        return self._used(names) / self.seconds * 100

    def _used(self, names: Sequence[str]) -> float:
        """Return seconds of processor time; an older version may lack a service."""
        return sum(self.cpu_seconds.get(name, 0.0) for name in names)

    @property
    def generator_us(self) -> float:
        """µs of processor time of the load generator per vote; 0 without votes."""
        return self.generator_seconds / self.votes * 1e6 if self.votes else 0.0

    def with_latencies(self, latencies: list[float]) -> Turn:
        """Return the turn with the seconds until its votes were acknowledged."""
        return msgspec.structs.replace(
            self, p50=percentile_of(latencies, 50), p99=percentile_of(latencies, 99)
        )

    def with_visible(self, visible: list[float]) -> Turn:
        """Return the turn with the seconds until its probes were in the tally."""
        return msgspec.structs.replace(self, visible=visible)


class Case(ABC):
    """One thing that is measured repeatedly.

    `own` names the processes, or parts, whose processor time is the case's figure; the others are
    measured, too. `floor` is the case that it is compared with, an empty handler.
    """

    def __init__(
        self, name: str, what: str, own: tuple[str, ...], floor: Case | None = None
    ) -> None:
        """Without a `floor` the case is compared with the empty handler at full load."""
        self.name = name
        self.what = what
        self.own = own
        self.floor = floor

    @abstractmethod
    async def turn(self, seconds: float) -> Turn:
        """Measure for about `seconds`. Raises BenchError when the result would be meaningless."""


class Meter:
    """Measures the processor time of servers and of this process, and the time that passes."""

    def __init__(self, servers: Mapping[str, Server]) -> None:
        self._servers = servers
        self._before = self._now()

    def turn(self, votes: int) -> Turn:
        """Return what was used since the beginning, for this many votes."""
        clock, own, cpu = self._now()
        clock_before, own_before, cpu_before = self._before
        used = {name: seconds - cpu_before[name] for name, seconds in cpu.items()}
        return Turn(votes, clock - clock_before, used, own - own_before)

    def _now(self) -> tuple[float, float, dict[str, float]]:
        return time.perf_counter(), time.process_time(), cpu_of(self._servers)
