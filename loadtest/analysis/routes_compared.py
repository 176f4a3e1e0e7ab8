"""How the routes compare, in self-contained sentences: the verdict's main findings."""

from collections.abc import Iterator

from loadtest.model.estimate import Estimate
from loadtest.model.side_by_side import RouteSummary, SideBySide
from loadtest.model.wording import interval, ms, three_digits, times
from voting.domain.vote import Route


def route_findings(found: SideBySide, *, late: bool) -> Iterator[str]:
    """Yield what a vote costs on each route, how long it takes, and how certain the ratios are.

    Latency is left out when the load generator was `late`: it would be the generator's own.
    """
    grpc, http = found.routes.get(Route.GRPC), found.routes.get(Route.HTTP)
    if grpc is None or http is None:
        return
    yield from _cost(grpc, http, found.ratios.cpu_us_per_vote)
    if not late:
        yield from _latency(grpc, http, found.ratios.p50)
    yield from _visible(grpc, http)


def _cost(grpc: RouteSummary, http: RouteSummary, ratio: Estimate | None) -> Iterator[str]:
    if ratio is None or grpc.cpu_us_per_vote is None or http.cpu_us_per_vote is None:
        return
    costs = (
        f"{three_digits(grpc.cpu_us_per_vote.value)} µs vs."
        f" {three_digits(http.cpu_us_per_vote.value)} µs"
    )
    yield f"{_sentence('uses', 'the processor time of', ratio, 'per accepted vote')}: {costs}."


def _latency(grpc: RouteSummary, http: RouteSummary, ratio: Estimate | None) -> Iterator[str]:
    if ratio is None or grpc.p50 is None or http.p50 is None:
        return
    medians = f"{ms(grpc.p50.value)} vs. {ms(http.p50.value)}"
    text = f"{_sentence('takes', 'as long as', ratio, 'at the median')}: {medians}"
    if grpc.p99 is not None and http.p99 is not None:
        text += f"; 99 % within {ms(grpc.p99.value)} vs. {ms(http.p99.value)}"
    yield f"{text}."


def _visible(grpc: RouteSummary, http: RouteSummary) -> Iterator[str]:
    if grpc.visible_p99 is None or http.visible_p99 is None:
        return
    yield (
        "99 % of the accepted votes reach the tally within"
        f" {ms(grpc.visible_p99.value)} (gRPC) and {ms(http.visible_p99.value)} (HTTP) of being"
        " acknowledged."
    )


def _sentence(verb: str, relation: str, ratio: Estimate, where: str) -> str:
    text = f"The gRPC route {verb} {times(ratio)} {relation} the HTTP route {where}"
    doubt = "" if ratio.repeats == 1 or ratio.excludes(1.0) else ", so no difference is shown"
    return f"{text} ({interval(ratio)}{doubt})"
