"""Puts a report together from what was measured."""

from collections.abc import Sequence

import msgspec

from loadtest.analysis.changes import changes_since
from loadtest.analysis.machine import machine, version
from loadtest.analysis.split import check_splits
from loadtest.analysis.summary import compare_routes
from loadtest.analysis.sweep_findings import sweep_of
from loadtest.analysis.verdict import judge
from loadtest.measure.measurements import Measurements
from loadtest.model.arrivals import Pattern
from loadtest.model.checks import Reconciliation
from loadtest.model.ramp_result import Ramp
from loadtest.model.report import Report, Setup
from loadtest.model.sweep_result import Unreached
from loadtest.plan.options import Options


def make_report(
    options: Options,
    measurements: Measurements,
    ramp: Ramp | None,
    unreached: Sequence[Unreached],
    found: Reconciliation | str | None,
    *,
    started: float,
    interrupted: bool,
) -> Report:
    """Return the report; for `found` see `judge`, for `unreached` `SweepPlan`.

    The phases of a ramp differ in rate, so they do not put the candidates side by side; those of a
    sweep do at each rate.
    """
    phases = measurements.phases()
    splits = check_splits(phases, options.weights)
    whole = phases[:-1] if interrupted and len(phases) > 1 else phases  # the last may be cut short
    alone = [] if ramp or options.sweep else whole
    sweep = sweep_of(whole, options.sweep, unreached) if options.sweep else None
    setup = _setup(options)
    side_by_side = compare_routes(alone, measurements.curves_alone(alone))
    report = Report(
        started_at=started,
        interrupted=interrupted,
        setup=setup,
        side_by_side=side_by_side,
        ramp=ramp,
        sweep=sweep,
        phases=phases,
        split=splits.whole,
        split_by_connection=splits.by_connection,
        reconciliation=found if isinstance(found, Reconciliation) else None,
        changes=None,
        verdict=judge(
            phases,
            side_by_side,
            splits,
            found,
            per_second=setup.rate,
            ramp=ramp,
            sweep=sweep,
            interrupted=interrupted,
            unmeasured=measurements.unmeasured,
        ),
    )
    if options.earlier is None:
        return report
    return msgspec.structs.replace(report, changes=changes_since(options.earlier, report))


def _setup(options: Options) -> Setup:
    return Setup(
        target=options.target,
        pattern=options.pattern,
        rate=None if options.sweep or options.pattern is Pattern.CLOSED else options.rate,
        users=options.users,
        processes=options.processes,
        seconds=options.seconds,
        rounds=options.rounds,
        warm_up=options.warm_up,
        timeout=options.timeout,
        seed=options.seed,
        client_ids=options.client_ids,
        fresh_share=options.fresh_share,
        weights=options.weights,
        machine=machine(),
        version=version(),
        poll=options.poll,
        voters=options.voters,
        candidates=options.candidates,
        sweep=options.sweep,
    )
