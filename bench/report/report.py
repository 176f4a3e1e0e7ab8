"""The figures of a run: what a vote costs in each case, and the ratio to the floor."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec

from bench.apparatus.turn import Turn
from bench.cases.run import Measured
from loadtest.model.estimate import Estimate, estimate, ratio
from loadtest.model.percentiles import percentile_of

VERSION: Final = 1
"""The version of the JSON: it changes when readers of the old one would misread it."""

_PACKAGES: Final = ("aiokafka", "grpcio", "motor", "protobuf", "redis", "sanic", "uvloop")


class CaseRow(msgspec.Struct, frozen=True):
    """A case. Times per vote are in µs of processor time, latencies in milliseconds.

    `processes` has every process that was measured, `own` those that make up `cpu_us`. `to_floor`
    is the ratio to the empty handler, of the same rate if the case has one and else at 64
    connections at full load; `to_before` that to an older version. Both were measured in the same
    rounds. `idle_percent` has the shares of a core that processes used while no vote arrived.
    """

    name: str
    what: str
    own: tuple[str, ...]
    cpu_us: Estimate | None
    to_floor: Estimate | None
    to_before: Estimate | None
    votes_per_second: Estimate | None
    processes: dict[str, Estimate | None]
    idle_percent: dict[str, Estimate | None]
    generator_us: Estimate | None
    votes: int
    p50_ms: float | None
    p99_ms: float | None
    visible_p50_ms: float | None
    visible_p99_ms: float | None
    probes: int


class Machine(msgspec.Struct, frozen=True):
    """The machine and the software that the figures come from."""

    processor: str
    cores: int
    system: str
    python: str
    packages: dict[str, str]
    load_before: float


class Report(msgspec.Struct, frozen=True):
    """A whole run."""

    version: int
    at: str
    turn_seconds: float
    rounds: int
    machine: Machine
    rows: list[CaseRow]


def row(measured: Measured) -> CaseRow:
    """Return the figures of a case."""
    turns = measured.turns
    names = turns[0].cpu_seconds
    costs = [turn.cost_us(measured.own) for turn in turns]
    visible = [seconds for turn in turns for seconds in turn.visible]
    idle = [] if any(turn.votes for turn in turns) else names
    figure = Turn.core_percent if idle else Turn.cost_us
    return CaseRow(
        measured.name,
        measured.what,
        measured.own,
        cpu_us=estimate(costs),
        to_floor=ratio(costs, [turn.cost_us(("floor",)) for turn in measured.floor]),
        to_before=ratio(
            [figure(turn, measured.own) for turn in turns],
            [figure(turn, measured.own) for turn in measured.before],
        ),
        votes_per_second=estimate([turn.votes / turn.seconds for turn in turns]),
        processes={name: estimate([turn.cost_us((name,)) for turn in turns]) for name in names},
        idle_percent={
            name: estimate([turn.core_percent((name,)) for turn in turns]) for name in idle
        },
        generator_us=estimate([turn.generator_us for turn in turns]),
        votes=sum(turn.votes for turn in turns),
        p50_ms=_median_ms([turn.p50 for turn in turns]),
        p99_ms=_median_ms([turn.p99 for turn in turns]),
        visible_p50_ms=_ms(percentile_of(visible, 50)),
        visible_p99_ms=_ms(percentile_of(visible, 99)),
        probes=len(visible),
    )


def machine() -> Machine:
    """Return the facts of this machine."""
    return Machine(
        processor=_processor(),
        cores=os.process_cpu_count() or 1,
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        packages={name: version(name) for name in _PACKAGES},
        load_before=os.getloadavg()[0],
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = (line.partition(":")[2] for line in lines if line.startswith("model name"))
    return next(names, platform.machine()).strip()


def _median_ms(seconds: Sequence[float | None]) -> float | None:
    return _ms(percentile_of((value for value in seconds if value is not None), 50))


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000
