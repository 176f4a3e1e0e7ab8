"""The comparison: the phases one after another, then the reconciliation."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from loadtest.arrivals import Pattern
from loadtest.cast_votes import CastVotes
from loadtest.catalogue import read_catalogue
from loadtest.catch_up import CatchUp
from loadtest.changes import changes_since
from loadtest.findings import Reconciliation
from loadtest.interrupts import Interrupts
from loadtest.measurements import Measurements
from loadtest.options import Options
from loadtest.phase import Phase
from loadtest.phase_runner import Drivers, start_drivers
from loadtest.plan import planned_phases
from loadtest.reconciliation import Log
from loadtest.report import Report, Setup
from loadtest.split import check_splits
from loadtest.summary import compare_routes
from loadtest.tally_watch import TallyWatch
from loadtest.terminal import Terminal
from loadtest.verdict import judge
from voting.store import StoreUnavailableError
from voting.tally_store import TallyStore


class Comparison:
    """One comparison. `folder` takes the samples, `driver_log` what the load driver complains of.

    An interruption ends the phase that runs and leaves out the following ones; another one leaves
    out the reconciliation. What was measured by then is reported.
    """

    def __init__(
        self,
        options: Options,
        stores: tuple[Log, TallyStore],
        *,
        terminal: Terminal,
        interrupts: Interrupts,
        folder: Path,
        driver_log: Path,
        save: Callable[[Report], None],
    ) -> None:
        self._options = options
        self._log, self._tallies = stores
        self._terminal = terminal
        self._interrupts = interrupts
        self._folder = folder
        self._driver_log = driver_log
        self._save = save
        self._measurements = Measurements()

    async def run(self) -> Report:
        """Save and return the report; saved a first time before the wait for the consumer.

        Raises `DriverError` when a phase cannot be run, `StoreUnavailableError` when the vote log
        or the tally does not answer before the first phase.
        """
        watch = TallyWatch(self._tallies)
        async with (
            watch.watching(),
            start_drivers(self._options.processes, self._driver_log) as drivers,
        ):
            return await self._run(watch, drivers)

    async def _run(self, watch: TallyWatch, drivers: Drivers) -> Report:
        started = time.time()
        votes_before = await self._log.count()
        for phase in planned_phases(self._options, self._folder):
            if not self._interrupts.interrupted:
                await self._run_phase(phase, drivers)
        await self._measurements.ask_prometheus(self._options.prometheus)
        self._save(self._report(started, None))
        found: Reconciliation | str | None
        try:
            found = await self._reconcile(votes_before)
        except StoreUnavailableError as error:
            found = str(error)
        if watch.gap is None and isinstance(found, Reconciliation) and not found.strangers:
            self._measurements.take_visibility(watch.readings)
        report = self._report(started, found)
        self._save(report)
        return report

    async def _run_phase(self, phase: Phase, drivers: Drivers) -> None:
        with self._terminal.phase(phase) as show:
            event = self._interrupts.event
            result, samples = await drivers.run_phase(phase, event, show)
        self._measurements.add(phase, result, samples)

    async def _reconcile(self, votes_before: int) -> Reconciliation | None:
        interruption = self._interrupts.next()
        cast = CastVotes(read_catalogue(), self._measurements.samples)
        with self._terminal.waiting() as show:
            catch_up = CatchUp(self._log, self._tallies, self._options.catch_up, show)
            work = asyncio.create_task(
                catch_up.reconcile(cast, votes_before, others_allowed=not self._options.alone)
            )
            skip = asyncio.create_task(interruption.wait())
            try:
                await asyncio.wait({work, skip}, return_when=asyncio.FIRST_COMPLETED)
                return work.result() if work.done() else None
            finally:
                skip.cancel()
                work.cancel()

    def _report(self, started: float, found: Reconciliation | str | None) -> Report:
        phases = self._measurements.phases()
        splits = check_splits(phases, self._options.weights)
        side_by_side = compare_routes(phases, self._measurements.latency_alone())
        interrupted = self._interrupts.interrupted
        setup, earlier = _setup(self._options), self._options.earlier
        return Report(
            started_at=started,
            interrupted=interrupted,
            setup=setup,
            side_by_side=side_by_side,
            phases=phases,
            split=splits.whole,
            split_by_connection=splits.by_connection,
            reconciliation=found if isinstance(found, Reconciliation) else None,
            changes=None if earlier is None else changes_since(earlier, setup, side_by_side),
            verdict=judge(
                phases,
                side_by_side,
                splits,
                found,
                interrupted=interrupted,
                unmeasured=self._measurements.unmeasured,
            ),
        )


def _setup(options: Options) -> Setup:
    return Setup(
        target=options.target,
        pattern=options.pattern,
        rate=None if options.pattern is Pattern.CLOSED else options.rate,
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
    )
