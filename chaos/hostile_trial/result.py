"""What one client did to the others, and which bounds that breaks. No I/O here."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from chaos.hostile_clients.client import Harvest
from chaos.hostile_trial.usage import Usage
from loadtest.model.percentiles import percentile_of

P99_MORE_SECONDS: Final = 0.1
"""So much longer than in the calm may 99 of 100 voters wait beside a hostile client."""

_INTERNAL_ERROR: Final = "500"


@dataclass
class Result:
    """Of one client; times in seconds, `calm` is just before it, `beside` while it was at work."""

    client: str
    calm: list[float]
    beside: list[float]
    longest_gap: float
    refused: Counter[str]
    readers: list[float]
    readers_refused: Counter[str]
    usage: Mapping[str, Usage]
    sockets: float
    not_ready: list[str]
    harvest: Harvest


def p99(waits: list[float]) -> float:
    """Return how long (s) 99 of 100 waited at most; 0 of none."""
    return percentile_of(waits, 99) or 0.0


def broken(result: Result, limits: Mapping[str, float]) -> Iterator[str]:
    """Return every bound that was broken, except how long the voters waited.

    `limits` (MB) are those of the pods by the program's name.
    """
    if not result.beside:
        yield f"{result.client}: no vote was accepted"
    if result.refused:
        yield f"{result.client}: votes were refused: {told(result.refused)}"
    if result.readers_refused:
        yield f"{result.client}: readers were refused: {told(result.readers_refused)}"
    if errors := sum(n for kind, n in result.harvest.answers.items() if _is_our_error(kind)):
        yield f"{result.client}: {errors} responses with status 500"
    for name, usage in result.usage.items():
        limit = limits.get(name.partition("-")[0])
        if limit is not None and usage.memory > limit:
            yield f"{result.client}: {name} used {usage.memory:.0f} of {limit:.0f} MB"
    for what in result.not_ready:
        yield f"{result.client}: {what}"


def slower(result: Result) -> Iterator[str]:
    """Return whether the voters waited too long beside the client; needs a quiet machine."""
    calm, beside = p99(result.calm), p99(result.beside)
    if beside > calm + P99_MORE_SECONDS:
        yield f"{result.client}: p99 of {beside * 1000:.0f} ms, calm {calm * 1000:.0f} ms"


def told(kinds: Counter[str]) -> str:
    """Return a count of kinds in words, the most frequent first."""
    return ", ".join(f"{n} x {kind}" for kind, n in kinds.most_common())


def _is_our_error(kind: str) -> bool:
    return kind.rpartition(" ")[2] == _INTERNAL_ERROR
