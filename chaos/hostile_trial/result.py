"""What one client did to the others, and which bounds that breaks. No I/O here."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from chaos.hostile_clients.client import AttackRecord
from chaos.hostile_trial.usage import Usage
from loadtest.model.percentiles import percentile_of

P99_RISE_SECONDS: Final = 0.1
"""How much longer 99 of 100 voters may wait during an attack than in the calm before it."""

_INTERNAL_ERROR: Final = "500"


@dataclass
class Result:
    """The effect of one client; times in seconds, `calm` before its attack and `during` it."""

    client: str
    calm: list[float]
    during: list[float]
    longest_gap: float
    refused: Counter[str]
    readers: list[float]
    readers_refused: Counter[str]
    usage: Mapping[str, Usage]
    sockets: float
    not_ready: list[str]
    record: AttackRecord


def p99(waits: list[float]) -> float:
    """Return how long (s) 99 of 100 waited at most; 0 if nobody did."""
    return percentile_of(waits, 99) or 0.0


def broken(result: Result, limits: Mapping[str, float]) -> Iterator[str]:
    """Yield every bound that was broken, except how long the voters waited.

    `limits` (MB) are those of the pods by the program's name.
    """
    if not result.during:
        yield f"{result.client}: no vote was accepted"
    if result.refused:
        yield f"{result.client}: votes were refused: {counts_text(result.refused)}"
    if result.readers_refused:
        yield f"{result.client}: readers were refused: {counts_text(result.readers_refused)}"
    if errors := sum(n for kind, n in result.record.answers.items() if _is_our_error(kind)):
        yield f"{result.client}: {errors} responses with status 500"
    for name, usage in result.usage.items():
        limit = limits.get(name.partition("-")[0])
        if limit is not None and usage.memory > limit:
            yield f"{result.client}: {name} used {usage.memory:.0f} of {limit:.0f} MB"
    for what in result.not_ready:
        yield f"{result.client}: {what}"


def slower(result: Result) -> Iterator[str]:
    """Yield a line if the voters waited too long during the attack; needs a quiet machine."""
    calm, during = p99(result.calm), p99(result.during)
    if during > calm + P99_RISE_SECONDS:
        yield f"{result.client}: p99 of {during * 1000:.0f} ms, calm {calm * 1000:.0f} ms"


def counts_text(kinds: Counter[str]) -> str:
    """Return the counts as text, the most frequent kind first."""
    return ", ".join(f"{n} x {kind}" for kind, n in kinds.most_common())


def _is_our_error(kind: str) -> bool:
    return kind.rpartition(" ")[2] == _INTERNAL_ERROR
