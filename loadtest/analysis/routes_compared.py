"""How the candidates compare, in self-contained sentences: the verdict's main findings."""

from collections.abc import Iterator

from loadtest.model.estimate import Estimate
from loadtest.model.side_by_side import ComparedPair, SideBySide
from loadtest.model.wording import (
    CANDIDATE_NAMES,
    interval,
    listed,
    ms,
    rate,
    three_digits,
    times,
)


def route_findings(found: SideBySide, per_second: float | None, *, late: bool) -> Iterator[str]:
    """Yield what a vote costs on each route, how long it takes, and how certain the ratios are.

    `per_second` is the rate of all phases, None in a closed loop. Latency is left out when the load
    generator was `late`: it would be the generator's own.
    """
    costs = [text for pair in found.pairs for text in _cost(pair, found)]
    yield from costs
    if costs and per_second is not None:
        yield (
            f"These costs belong to {rate(per_second)}: at another rate batches and idle work weigh"
            " differently, and so does the ratio. --sweep shows it."
        )
    if not late:
        for pair in found.pairs:
            yield from _latency(pair, found)
    yield from _visible(found)


def _cost(pair: ComparedPair, found: SideBySide) -> Iterator[str]:
    ratio = pair.ratios.cpu_us_per_vote
    costs = [found.routes[one].cpu_us_per_vote for one in (pair.of, pair.to)]
    values = [f"{three_digits(cost.value)} µs" for cost in costs if cost is not None]
    if ratio is None or len(values) < len(costs):
        return
    sentence = _sentence(pair, "uses", "the processor time of", ratio, "per accepted vote")
    yield f"{sentence}: {' vs. '.join(values)}."


def _latency(pair: ComparedPair, found: SideBySide) -> Iterator[str]:
    ratio, of, to = pair.ratios.p50, found.routes[pair.of], found.routes[pair.to]
    if ratio is None or of.p50 is None or to.p50 is None:
        return
    medians = f"{ms(of.p50.value)} vs. {ms(to.p50.value)}"
    text = f"{_sentence(pair, 'takes', 'as long as', ratio, 'at the median')}: {medians}"
    if of.p99 is not None and to.p99 is not None:
        text += f"; 99 % within {ms(of.p99.value)} vs. {ms(to.p99.value)}"
    yield f"{text}."


def _visible(found: SideBySide) -> Iterator[str]:
    delays = [
        f"{ms(summary.visible_p99.value)} ({CANDIDATE_NAMES[candidate]})"
        for candidate, summary in found.routes.items()
        if summary.visible_p99 is not None
    ]
    if len(delays) == len(found.routes) > 1:
        yield (
            f"99 % of the accepted votes reach the tally within {listed(delays)} of being"
            " acknowledged."
        )


def _sentence(pair: ComparedPair, verb: str, relation: str, ratio: Estimate, where: str) -> str:
    of, to = CANDIDATE_NAMES[pair.of], CANDIDATE_NAMES[pair.to]
    text = f"The {of} route {verb} {times(ratio)} {relation} the {to} route {where}"
    doubt = "" if ratio.repeats == 1 or ratio.excludes(1.0) else ", so no difference is shown"
    return f"{text} ({interval(ratio)}{doubt})"
