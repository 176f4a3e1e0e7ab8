"""The whole cost of a vote by part, in processor time and in money."""

from collections.abc import Sequence
from typing import Final

import msgspec

from bench.apparatus.turn import Turn
from bench.cases.run import Measured
from bench.report.report import Report, row
from bench.report.table import source
from bench.report.whole_picture import Bar, picture
from loadtest.model.estimate import Estimate, estimate

PICTURE: Final = "whole-cost.svg"

_PARTS: Final = {
    "entry": ["entry"],
    "routes": ["svc_grpc_client", "svc_grpc_server", "svc_http_route"],
    "Kafka": ["kafka"],
    "consumer": ["svc_consumer"],
    "stores": ["redis", "mongodb"],
    "results": ["svc_results"],
    "notary": ["svc_notary"],
}
_OTHERS: Final = "other services"
_SECONDS: Final = 3600


class WholeCost(msgspec.Struct, frozen=True):
    """What a vote costs at one rate: µs of processor time in all and by part and process.

    `euros_per_million` is `total` times a million votes, in hours, times `price`, in euros for an
    hour of a core that works.
    """

    name: str
    heading: str
    votes_per_second: float
    total: Estimate
    parts: dict[str, Estimate]
    processes: dict[str, Estimate | None]
    p50_ms: float | None
    p99_ms: float | None
    price: float

    @property
    def core_hours_per_million(self) -> float:
        """The hours of one core that a million votes take."""
        return self.total.value / _SECONDS

    @property
    def euros_per_million(self) -> float:
        """What a million votes cost."""
        return self.core_hours_per_million * self.price


def whole_cost(measured: Measured, heading: str, price: float) -> WholeCost:
    """Return the figures of a case of `Whole`; `price` is in euros for an hour of a core."""
    figures = row(measured)
    rest = [n for n in measured.own if not any(n in names for names in _PARTS.values())]
    parts = {
        part: _estimate(measured.turns, names) for part, names in {**_PARTS, _OTHERS: rest}.items()
    }
    return WholeCost(
        measured.name,
        heading,
        sum(turn.votes for turn in measured.turns) / sum(turn.seconds for turn in measured.turns),
        _estimate(measured.turns, measured.own),
        parts,
        {name: figures.processes[name] for name in measured.own},
        figures.p50_ms,
        figures.p99_ms,
        price,
    )


def _estimate(turns: Sequence[Turn], names: Sequence[str]) -> Estimate:
    return estimate([turn.cost_us(names) for turn in turns]) or Estimate(0.0, None, None, 0)


def whole_picture(costs: Sequence[WholeCost]) -> str:
    """Return the stacked picture as SVG."""
    return picture(
        [
            Bar(
                cost.heading,
                f"{_us(cost.total.value)} µs a vote, {_euros(cost.euros_per_million)} a million",
                {part: found.value for part, found in cost.parts.items()},
            )
            for cost in costs
        ]
    )


def whole_block(costs: Sequence[WholeCost], report: Report) -> str:
    """Return the picture, the table and the arithmetic in Markdown."""
    first = costs[0]
    cells: list[Sequence[str]] = [("µs of processor time per vote", *(c.heading for c in costs))]
    cells.append(("---", *["---:"] * len(costs)))
    cells += [(p, *(_with_interval(cost.parts[p]) for cost in costs)) for p in first.parts]
    cells.append(("**all**", *(f"**{_with_interval(cost.total)}**" for cost in costs)))
    cells.append(("core-hours per million", *(f"{c.core_hours_per_million:.3f}" for c in costs)))
    cells.append(("**euros per million**", *(f"**{_euros(c.euros_per_million)}**" for c in costs)))
    cells.append(("accepted, p50 and p99 ms", *(f"{c.p50_ms:.1f}, {c.p99_ms:.0f}" for c in costs)))
    table = "\n".join(f"| {' | '.join(line)} |" for line in cells)
    told = ", ".join(f"{_us(cost.total.value)} µs {cost.heading}" for cost in costs)
    return (
        f"![The cost of a vote by part: {told}]({PICTURE})\n\n{table}\n\n"
        f"{_arithmetic(first)}\n\n{source(report)}\n"
    )


def _arithmetic(cost: WholeCost) -> str:
    return (
        f"{cost.heading[0].upper()}{cost.heading[1:]}: {_us(cost.total.value)} µs times a million "
        f"votes are {cost.total.value:,.0f} seconds of a core; divided by {_SECONDS:,}, "
        f"{cost.core_hours_per_million:.3f} hours; times {cost.price:g} € for an hour of a core, "
        f"{_euros(cost.euros_per_million)}."
    )


def _with_interval(found: Estimate) -> str:
    if found.low is None or found.high is None:
        return _us(found.value)
    return f"{_us(found.value)} ({_us(found.low)}-{_us(found.high)})"


def _us(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _euros(value: float) -> str:
    return f"{value:.4f} €" if value < 0.01 else f"{value:.3f} €"
