"""The sweep: the candidates side by side at each rate, and what that shows in sentences."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from loadtest.analysis.summary import compare_routes
from loadtest.model.candidate import Pair, pairs_of
from loadtest.model.estimate import Estimate
from loadtest.model.findings import PhaseReport
from loadtest.model.side_by_side import Ratios
from loadtest.model.sweep_result import Sweep, SweepPoint, Unreached
from loadtest.model.wording import CANDIDATE_NAMES, listed, percent, rate, three_digits

_MORE, _LESS, _NOT_SHOWN = 1, -1, 0


def sweep_of(
    phases: Sequence[PhaseReport], rates: Sequence[float], unreached: Sequence[Unreached]
) -> Sweep:
    """Return the candidates side by side at each rate that was measured and reached."""
    ends = {(end.candidate, end.rate) for end in unreached}
    points = []
    for per_second in rates:
        own = [p for p in phases if p.rate == per_second and (p.forced, per_second) not in ends]
        if own:
            late = any(phase.generator.limited for phase in own)
            points.append(SweepPoint(per_second, late, compare_routes(own, {})))
    return Sweep(points, list(unreached))


def sweep_findings(found: Sweep) -> Iterator[str]:
    """Yield where each two candidates differ, where they cross, and where nothing is shown."""
    candidates = {one for point in found.points for one in point.side_by_side.routes}
    on_time = [point for point in found.points if not point.late]
    for pair in pairs_of(candidates):
        yield from _Curve("cpu_us_per_vote", pair, found.points).findings(_COST)
        yield from _Curve("p50", pair, on_time).findings(_MEDIAN)
        yield from _Curve("p99", pair, on_time).findings(_SLOWEST)


def sweep_warnings(found: Sweep) -> Iterator[str]:
    """Yield for which candidate the sweep ended before its highest rate, and why."""
    for end in found.unreached:
        name = CANDIDATE_NAMES[end.candidate]
        yield (
            f"The {name} route did not reach {rate(end.rate)} ({_why(end)}), so its sweep ended"
            " there."
        )
    if late := [rate(point.rate) for point in found.points if point.late]:
        yield f"Nothing is said about latency at {listed(late)}: the load generator was late."


def _why(end: Unreached) -> str:
    if end.saturated:
        return "the load generator was saturated: try --processes, or another machine"
    busy = ", and the load generator was late: the machine is busy" if end.late else ""
    return f"at most {percent(end.accepted_share)} of the votes due were accepted{busy}"


class _Words(NamedTuple):
    """How a difference of a figure is said: its name, and what more and less of it is."""

    figure: str
    verb: str
    more: str
    less: str


_COST: Final = _Words("Processor time per vote", "uses", "more", "less")
_MEDIAN: Final = _Words("Median latency", "takes", "longer", "less time")
_SLOWEST: Final = _Words("99th percentile of latency", "takes", "longer", "less time")


class _Curve:
    """The ratio of two candidates in one figure over the rate."""

    def __init__(self, figure: str, pair: Pair, points: Sequence[SweepPoint]) -> None:
        self._pair = pair
        self._ratios = list(_ratios(figure, pair, points))

    def findings(self, words: _Words) -> Iterator[str]:
        """Yield one sentence, or none where the figure was not measured."""
        if not self._ratios:
            return
        of, to = (CANDIDATE_NAMES[one] for one in self._pair)
        parts = [
            f"the {of} route {words.verb} {word} than the {to} route {self._where(sign)}"
            for sign, word in ((_MORE, words.more), (_LESS, words.less))
            if any(_sign(ratio) == sign for _, ratio in self._ratios)
        ]
        if unclear := [rate(at) for at, ratio in self._ratios if _sign(ratio) == _NOT_SHOWN]:
            both = "" if parts else f" between the {of} and the {to} route"
            parts.append(f"at {listed(unclear)} no difference{both} is shown")
        yield f"{words.figure}: {'; '.join([*parts, self._crossing()])}."

    def _where(self, sign: int) -> str:
        shown = [(at, ratio.value) for at, ratio in self._ratios if _sign(ratio) == sign]
        factors = [f"{three_digits(value)} times" for _, value in shown]
        return f"at {listed([rate(at) for at, _ in shown])} ({', '.join(factors)})"

    def _crossing(self) -> str:
        shown = [(at, _sign(ratio)) for at, ratio in self._ratios if _sign(ratio) != _NOT_SHOWN]
        crossings = [
            f"between {rate(low)} and {rate(high)}"
            for (low, before), (high, after) in pairwise(shown)
            if before != after
        ]
        return f"they cross {listed(crossings)}" if crossings else "no crossing is shown"


def _ratios(
    figure: str, pair: Pair, points: Sequence[SweepPoint]
) -> Iterator[tuple[float, Estimate]]:
    for point in points:
        for compared in point.side_by_side.pairs:
            ratio = _of(compared.ratios, figure)
            if (compared.of, compared.to) == pair and ratio is not None:
                yield point.rate, ratio


def _of(ratios: Ratios, figure: str) -> Estimate | None:
    found: Estimate | None = getattr(ratios, figure)
    return found


def _sign(ratio: Estimate) -> int:
    if not ratio.excludes(1.0):
        return _NOT_SHOWN
    return _MORE if ratio.value > 1 else _LESS
