"""Computes the figures of a phase from its samples."""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from loadtest.driver.samples import ROUTES, Samples
from loadtest.measure.series import time_series
from loadtest.model.answer import Outcome
from loadtest.model.arrivals import Pattern
from loadtest.model.findings import (
    BUSY,
    Connection,
    ConnectionCount,
    ErrorCount,
    Generator,
    Latency,
    PhaseReport,
    RouteFigures,
)
from loadtest.model.percentiles import curve, percentile, percentile_if_beyond
from loadtest.model.phase import Phase, PhaseResult
from voting.domain.vote import Route

_LATE_MS: Final = 10.0


def phase_report(phase: Phase, result: PhaseResult, samples: Samples) -> PhaseReport:
    """Return a phase's part of the report, without what Prometheus and the tally add to it."""
    measured = samples[samples["at"] >= 0]
    seconds = result.seconds
    accepted = int(np.count_nonzero(measured["outcome"] == Outcome.ACCEPTED))
    offered = (len(measured) + result.unsent) / seconds if seconds else 0.0
    return PhaseReport(
        name=phase.name,
        forced=phase.forced,
        started_at=result.started,
        seconds=seconds,
        requests=len(measured),
        warm_up_requests=len(samples) - len(measured),
        offered_per_second=None if phase.pattern is Pattern.CLOSED else offered,
        sent_per_second=_rate(len(measured), seconds),
        accepted_per_second=_rate(accepted, seconds),
        elsewhere=_elsewhere(phase.forced.route if phase.forced else None, samples),
        routes=_route_figures(measured, seconds),
        connections=_connections(measured),
        errors=list(_errors(measured, result.kinds)),
        series=time_series(measured, seconds),
        generator=_generator(measured, result),
        processes=None,
        visible=None,
        rate=None if phase.pattern is Pattern.CLOSED else phase.rate,
    )


def accepted_ms(samples: Samples) -> NDArray[np.floating]:
    """Return the ascending latencies in ms of a phase's accepted votes, its warm-up left out."""
    measured = samples[(samples["at"] >= 0) & (samples["outcome"] == Outcome.ACCEPTED)]
    return np.sort(measured["latency"] * 1000.0)


def latency(milliseconds: NDArray[np.floating]) -> Latency | None:
    """Return the latency figures of these samples; None if there are none."""
    if len(milliseconds) == 0:
        return None
    ordered = np.sort(milliseconds)
    return Latency(
        mean=float(ordered.mean()),
        p50=percentile(ordered, 50),
        p90=percentile_if_beyond(ordered, 90),
        p99=percentile_if_beyond(ordered, 99),
        p999=percentile_if_beyond(ordered, 99.9),
        max=float(ordered[-1]),
        curve=curve([ordered]),
    )


def _route_figures(measured: Samples, seconds: float) -> dict[Route, RouteFigures]:
    answered = int(np.count_nonzero(measured["route"]))
    figures = {}
    for index, route in enumerate(ROUTES):
        of_route = measured[measured["route"] == index]
        if route is None or len(of_route) == 0:
            continue
        accepted = of_route[of_route["outcome"] == Outcome.ACCEPTED]
        figures[route] = RouteFigures(
            requests=len(of_route),
            share=len(of_route) / answered,
            accepted=len(accepted),
            accepted_per_second=_rate(len(accepted), seconds),
            latency=latency(accepted["latency"] * 1000.0),
        )
    return figures


def _connections(measured: Samples) -> dict[Connection, ConnectionCount]:
    counts = {}
    for kind in Connection:
        of_kind = measured[measured["fresh"] == (kind is Connection.FRESH)]
        if len(of_kind):
            numbers = np.bincount(of_kind["route"], minlength=len(ROUTES))
            by_route = zip(ROUTES, numbers, strict=True)
            routes = {route: int(number) for route, number in by_route if route is not None}
            counts[kind] = ConnectionCount(len(of_kind), routes)
    return counts


def _errors(measured: Samples, kinds: list[str]) -> Iterable[ErrorCount]:
    failed = measured[measured["outcome"] != Outcome.ACCEPTED]
    groups, counts = np.unique(failed[["kind", "route", "outcome"]], return_counts=True)
    for group, count in sorted(zip(groups, counts, strict=True), key=lambda pair: -int(pair[1])):
        yield ErrorCount(
            kind=kinds[group["kind"]],
            route=ROUTES[group["route"]],
            outcome=Outcome(group["outcome"]).name.lower(),
            count=int(count),
        )


def _elsewhere(forced: Route | None, samples: Samples) -> int:
    if forced is None:
        return 0
    others = (samples["route"] != ROUTES.index(forced)) & (samples["route"] != 0)
    return int(np.count_nonzero(others))


def _generator(measured: Samples, result: PhaseResult) -> Generator:
    queued = int(np.count_nonzero(measured["queued"]))
    lag = np.sort(measured["lag"][measured["queued"] == 0] * 1000.0)
    lag_p99 = percentile(lag, 99) if len(lag) else 0.0
    cpu_share = _rate(result.cpu_seconds, result.seconds)
    return Generator(
        cpu_share=cpu_share,
        lag_p99=lag_p99,
        lag_max=float(lag[-1]) if len(lag) else 0.0,
        queued=queued,
        unsent=result.unsent,
        limited=cpu_share > BUSY or lag_p99 > _LATE_MS,
    )


def _rate(count: float, seconds: float) -> float:
    return count / seconds if seconds > 0 else 0.0
