"""What a comparison found: the structure of report.json. Everything shown is made from it.

The JSON schema, report.schema.json, is made from it; field names are the keys. Rates are votes per
second of measurement, latencies are milliseconds from the intended start to the whole answer,
shares are fractions of 1. The warm-up of each phase is left out of all figures, not out of the
reconciliation.
"""

from typing import Any, Final

import msgspec

from loadtest.model.candidate import BOTH_ROUTES, Candidate
from loadtest.model.checks import Reconciliation, SplitTest
from loadtest.model.findings import Connection, PhaseReport
from loadtest.model.ramp_result import Ramp
from loadtest.model.side_by_side import Changes, SideBySide
from loadtest.model.sweep_result import Sweep
from voting.domain.vote import Route

VERSION: Final = 4
READABLE: Final = (2, 3, VERSION)
"""The versions that can be compared with; what an older one lacks is reported."""


class Verdict(msgspec.Struct, frozen=True):
    """The result in words. `failures` make the exit status 1, `warnings` do not."""

    passed: bool
    failures: list[str]
    warnings: list[str]
    findings: list[str]


class Setup(msgspec.Struct, frozen=True):
    """The options of the comparison, its machine and its code.

    `weights` are the splitter's, by route. `machine` is the load generator's, `version` as git
    describes it, None where that is not known and in reports before version 3. `poll` is the poll
    that votes were in, empty for the open poll; `voters` is how many people voted there with
    tokens, None where it takes votes without. `sweep` has the rates of a sweep, otherwise none;
    `rate` is None in a sweep and in a closed loop.
    """

    target: str
    pattern: str
    rate: float | None
    users: int
    processes: int
    seconds: float
    rounds: int
    warm_up: float
    timeout: float
    seed: int
    client_ids: bool
    fresh_share: float
    weights: dict[Route, float]
    machine: str | None = None
    version: str | None = None
    poll: str = ""
    voters: int | None = None
    candidates: tuple[Candidate, ...] = BOTH_ROUTES
    sweep: tuple[float, ...] = ()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A whole comparison. What was not reached before an interruption is missing or None.

    `ramp` is None where rates were not searched, `sweep` where there was only one rate; with either
    of them `side_by_side` is empty. `changes` is None when no earlier report was given.
    """

    version: int = VERSION
    started_at: float
    interrupted: bool
    setup: Setup
    side_by_side: SideBySide
    ramp: Ramp | None
    sweep: Sweep | None = None
    phases: list[PhaseReport]
    split: SplitTest | None
    split_by_connection: dict[Connection, SplitTest]
    reconciliation: Reconciliation | None
    changes: Changes | None
    verdict: Verdict


def to_json(report: Report) -> bytes:
    """Return report.json."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def from_json(text: bytes) -> Report:
    """Return the report that a report.json contains.

    Raises `msgspec.DecodeError` when it is not a report of one of the `READABLE` versions.
    """
    version = msgspec.json.decode(text, type=_AnyReport).version
    if version not in READABLE:
        raise msgspec.ValidationError(f"its version is {version}")
    return msgspec.json.decode(text if version == VERSION else _upgraded(text), type=Report)


class _AnyReport(msgspec.Struct):
    version: int
    side_by_side: dict[str, Any]


def _upgraded(text: bytes) -> bytes:
    """Return a report of version 2 or 3 with its ratios where version 4 has them."""
    document = msgspec.json.decode(text, type=dict[str, Any])
    found = document["side_by_side"]
    found["pairs"] = [{"of": "grpc", "to": "http", "ratios": found.pop("ratios", None)}]
    return msgspec.json.encode(document)
