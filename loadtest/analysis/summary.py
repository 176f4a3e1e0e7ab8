"""Puts the candidates side by side, from the phases in which each was alone."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from loadtest.measure.usage import own_processes
from loadtest.model.candidate import Candidate, pairs_of
from loadtest.model.estimate import Estimate, estimate, ratio
from loadtest.model.findings import PhaseReport, ProcessUse, RouteFigures
from loadtest.model.side_by_side import ComparedPair, ProcessCost, Ratios, RouteSummary, SideBySide
from voting.domain.vote import Route

type Figure = Callable[[PhaseReport], float | None]


def compare_routes(
    phases: Sequence[PhaseReport], curves: Mapping[Candidate, list[tuple[float, float]]]
) -> SideBySide:
    """Return the candidates side by side; `curves` has the latency of each over percentiles."""
    alone = {
        candidate: own
        for candidate in Candidate
        if (own := [p for p in phases if p.forced is candidate and p.seconds > 0])
    }
    return SideBySide(
        routes={
            candidate: _summary(own, curves.get(candidate, [])) for candidate, own in alone.items()
        },
        pairs=[ComparedPair(of, to, _ratios(alone[of], alone[to])) for of, to in pairs_of(alone)],
        processes=dict(_process_costs(alone)),
    )


def _ratios(of: Sequence[PhaseReport], to: Sequence[PhaseReport]) -> Ratios:
    return Ratios(
        cpu_us_per_vote=_ratio(of, to, cpu_us_per_vote),
        p50=_ratio(of, to, _percentile("p50")),
        p90=_ratio(of, to, _percentile("p90")),
        p99=_ratio(of, to, _percentile("p99")),
        accepted_per_second=_ratio(of, to, _accepted_per_second),
        visible_p50=_ratio(of, to, _visible("p50")),
        visible_p99=_ratio(of, to, _visible("p99")),
    )


def cpu_us_per_vote(phase: PhaseReport) -> float | None:
    """Return the processor time per vote, in µs, of the processes of the phase's candidate.

    None when one of them was not measured.
    """
    if phase.forced is None:
        return None
    uses = [(phase.processes or {}).get(name) for name in own_processes(phase.forced)]
    costs = [_us_per_vote(use) for use in uses if use is not None]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(uses) else None


def _summary(phases: Sequence[PhaseReport], curve: list[tuple[float, float]]) -> RouteSummary:
    return RouteSummary(
        phases=len(phases),
        requests=sum(phase.requests for phase in phases),
        accepted=sum(figures.accepted for phase in phases for figures in _of(phase)),
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


def _ratio(of: Sequence[PhaseReport], to: Sequence[PhaseReport], figure: Figure) -> Estimate | None:
    pairs = [(figure(one), figure(other)) for one, other in zip(of, to, strict=False)]
    known = [(one, other) for one, other in pairs if one is not None and other is not None]
    if len(known) < len(pairs):
        return None
    return ratio([one for one, _ in known], [other for _, other in known])


def _of(phase: PhaseReport) -> list[RouteFigures]:
    return [figures for route, figures in phase.routes.items() if _is_own(phase, route)]


def _is_own(phase: PhaseReport, route: Route) -> bool:
    return phase.forced is not None and phase.forced.route is route


def _accepted_per_second(phase: PhaseReport) -> float:
    return phase.accepted_per_second


def _percentile(name: str) -> Figure:
    def figure(phase: PhaseReport) -> float | None:
        latencies = [figures.latency for figures in _of(phase) if figures.latency]
        value: float | None = getattr(latencies[0], name) if latencies else None
        return value

    return figure


def _visible(name: str) -> Figure:
    def figure(phase: PhaseReport) -> float | None:
        delays = [delay for route, delay in (phase.visible or {}).items() if _is_own(phase, route)]
        value: float | None = getattr(delays[0], name) if delays else None
        return value

    return figure


def _votes_per_batch(phase: PhaseReport) -> float | None:
    writer = "svc_http_route" if phase.forced is Candidate.HTTP else "svc_grpc_server"
    use = (phase.processes or {}).get(writer)
    return use.votes_per_batch if use else None


def _us_per_vote(use: ProcessUse) -> float | None:
    return 1e6 * use.cpu_seconds / use.votes if use.votes else None


def _process_costs(
    alone: Mapping[Candidate, Sequence[PhaseReport]],
) -> Iterator[tuple[str, ProcessCost]]:
    phases = [phase for own in alone.values() for phase in own]
    for name in sorted({name for phase in phases for name in phase.processes or {}}):
        owners = [candidate for candidate in Candidate if name in own_processes(candidate)]
        if owners and not alone.keys() & set(owners):
            continue  # of a candidate that is not compared
        others = [own for candidate, own in alone.items() if owners and candidate not in owners]
        costs = {
            candidate: _cost(name, own)
            for candidate, own in alone.items()
            if candidate in owners or not owners
        }
        yield (
            name,
            ProcessCost(
                us_per_vote={one: cost for one, cost in costs.items() if cost is not None},
                idle_cores=_cores([use for own in others for use in _uses(name, own)]),
                memory_bytes=max(use.memory_bytes for use in _uses(name, phases)),
                owners=owners,
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
