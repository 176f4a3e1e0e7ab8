"""Puts the two routes side by side, from the phases in which each was alone."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from loadtest.measure.usage import OWN
from loadtest.model.estimate import Estimate, estimate, ratio
from loadtest.model.findings import PhaseReport, ProcessUse, RouteFigures
from loadtest.model.side_by_side import ProcessCost, Ratios, RouteSummary, SideBySide
from voting.domain.vote import Route

type Figure = Callable[[PhaseReport], float | None]


def compare_routes(
    phases: Sequence[PhaseReport], curves: Mapping[Route, list[tuple[float, float]]]
) -> SideBySide:
    """Return the routes side by side; `curves` has the latency of each over percentiles."""
    alone = {
        route: [phase for phase in phases if phase.forced is route and phase.seconds > 0]
        for route in Route
    }
    return SideBySide(
        routes={
            route: _route_summary(route, own, curves.get(route, []))
            for route, own in alone.items()
            if own
        },
        ratios=Ratios(
            cpu_us_per_vote=_ratio(alone, cpu_us_per_vote),
            p50=_ratio(alone, _percentile("p50")),
            p90=_ratio(alone, _percentile("p90")),
            p99=_ratio(alone, _percentile("p99")),
            accepted_per_second=_ratio(alone, _accepted_per_second),
            visible_p50=_ratio(alone, _visible("p50")),
            visible_p99=_ratio(alone, _visible("p99")),
        ),
        processes=dict(_process_costs(alone)),
    )


def cpu_us_per_vote(phase: PhaseReport) -> float | None:
    """Return the processor time per vote, in µs, of the processes that only the phase's route uses.

    None when one of them was not measured.
    """
    uses = [
        (phase.processes or {}).get(name) for name, owner in OWN.items() if owner is phase.forced
    ]
    costs = [_us_per_vote(use) for use in uses if use is not None]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(uses) else None


def _route_summary(
    route: Route, phases: Sequence[PhaseReport], curve: list[tuple[float, float]]
) -> RouteSummary:
    return RouteSummary(
        phases=len(phases),
        requests=sum(phase.requests for phase in phases),
        accepted=sum(figures.accepted for phase in phases for figures in _of(phase, route)),
        errors=sum(error.count for phase in phases for error in phase.errors),
        accepted_per_second=_estimate(phases, _accepted_per_second),
        p50=_estimate(phases, _percentile("p50")),
        p90=_estimate(phases, _percentile("p90")),
        p99=_estimate(phases, _percentile("p99")),
        p999=_estimate(phases, _percentile("p999")),
        cpu_us_per_vote=_estimate(phases, cpu_us_per_vote),
        votes_per_batch=_estimate(phases, _votes_per_batch),
        visible_p50=_estimate(phases, _visible("p50")),
        visible_p99=_estimate(phases, _visible("p99")),
        curve=curve,
    )


def _estimate(phases: Iterable[PhaseReport], figure: Figure) -> Estimate | None:
    """Return the estimate of a figure; None when it is missing in a phase."""
    values = [figure(phase) for phase in phases]
    known = [value for value in values if value is not None]
    return estimate(known) if len(known) == len(values) else None


def _ratio(alone: Mapping[Route, Sequence[PhaseReport]], figure: Figure) -> Estimate | None:
    pairs = [
        (figure(grpc), figure(http))
        for grpc, http in zip(alone[Route.GRPC], alone[Route.HTTP], strict=False)
    ]
    known = [(grpc, http) for grpc, http in pairs if grpc is not None and http is not None]
    if len(known) < len(pairs):
        return None
    return ratio([grpc for grpc, _ in known], [http for _, http in known])


def _of(phase: PhaseReport, route: Route | None) -> list[RouteFigures]:
    return [figures for name, figures in phase.routes.items() if name is route]


def _accepted_per_second(phase: PhaseReport) -> float:
    return phase.accepted_per_second


def _percentile(name: str) -> Figure:
    def figure(phase: PhaseReport) -> float | None:
        latencies = [figures.latency for figures in _of(phase, phase.forced) if figures.latency]
        value: float | None = getattr(latencies[0], name) if latencies else None
        return value

    return figure


def _visible(name: str) -> Figure:
    def figure(phase: PhaseReport) -> float | None:
        delays = [delay for route, delay in (phase.visible or {}).items() if route is phase.forced]
        value: float | None = getattr(delays[0], name) if delays else None
        return value

    return figure


def _votes_per_batch(phase: PhaseReport) -> float | None:
    writer = "svc_grpc_server" if phase.forced is Route.GRPC else "svc_http_route"
    use = (phase.processes or {}).get(writer)
    return use.votes_per_batch if use else None


def _us_per_vote(use: ProcessUse) -> float | None:
    return 1e6 * use.cpu_seconds / use.votes if use.votes else None


def _process_costs(
    alone: Mapping[Route, Sequence[PhaseReport]],
) -> Iterator[tuple[str, ProcessCost]]:
    phases = [phase for own in alone.values() for phase in own]
    for name in sorted({name for phase in phases for name in phase.processes or {}}):
        owner = OWN.get(name)
        loaded = alone if owner is None else {owner: alone[owner]}
        idle = [] if owner is None else _uses(name, alone[_other(owner)])
        costs = {route: _cost(name, own) for route, own in loaded.items()}
        yield (
            name,
            ProcessCost(
                owner=owner,
                us_per_vote={route: cost for route, cost in costs.items() if cost is not None},
                idle_cores=_cores(idle),
                memory_bytes=max(use.memory_bytes for use in _uses(name, phases)),
                instances=max(use.instances or 0 for use in _uses(name, phases)) or None,
            ),
        )


def _cost(name: str, phases: Sequence[PhaseReport]) -> Estimate | None:
    costs = [_us_per_vote(use) for use in _uses(name, phases)]
    known = [cost for cost in costs if cost is not None]
    return estimate(known) if len(known) == len(phases) else None


def _uses(name: str, phases: Sequence[PhaseReport]) -> list[ProcessUse]:
    return [use for phase in phases if (use := (phase.processes or {}).get(name)) is not None]


def _cores(uses: Sequence[ProcessUse]) -> float | None:
    seconds = sum(use.seconds for use in uses)
    return sum(use.cpu_seconds for use in uses) / seconds if seconds else None


def _other(route: Route) -> Route:
    return Route.HTTP if route is Route.GRPC else Route.GRPC
