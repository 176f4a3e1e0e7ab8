"""How the set-ups of two comparisons differ: a change in the figures may come from that."""

from collections.abc import Iterator, Mapping
from typing import Final

from loadtest.model.report import Report
from loadtest.model.wording import ROUTE_NAMES

_NAMES: Final = {
    "target": "target",
    "candidates": "candidates",
    "poll": "poll",
    "voters": "voters",
    "pattern": "arrivals",
    "rate": "rate",
    "sweep": "rates of the sweep",
    "users": "connections",
    "processes": "load generator processes",
    "seconds": "duration",
    "rounds": "rounds",
    "warm_up": "warm-up",
    "timeout": "timeout",
    "client_ids": "client-generated ids",
    "fresh_share": "share of votes over new connections",
    "machine": "machine",
    "version": "code",
}
_NOT_RECORDED: Final = "unknown"


def setup_differences(old: Report, new: Report) -> Iterator[str]:
    """Return every difference of the set-up in words, except the seed, which always differs."""
    for field, name in _NAMES.items():
        yield from _difference(name, getattr(old.setup, field), getattr(new.setup, field))
    for route, name in ROUTE_NAMES.items():
        weights = [report.setup.weights.get(route) for report in (old, new)]
        yield from _difference(f"weight of the {name} route", *weights)
    yield from _difference("interrupted", old.interrupted, new.interrupted)
    before, now = _instances(old), _instances(new)
    for process in sorted(before.keys() & now.keys()):
        yield from _difference(f"instances of {process}", before[process], now[process])


def _difference(name: str, old: object, new: object) -> Iterator[str]:
    if old != new:
        yield f"{name}: was {_text(old)}, is {_text(new)}"


def _text(value: object) -> str:
    if value == "":
        return "none"
    if value is None:
        return _NOT_RECORDED
    if isinstance(value, tuple):
        return ", ".join(map(_text, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _instances(report: Report) -> Mapping[str, int | None]:
    return {name: cost.instances for name, cost in report.side_by_side.processes.items()}
