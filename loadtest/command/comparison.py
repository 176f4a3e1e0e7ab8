"""The comparison: the phases one after another, then the reconciliation."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec.structs import replace

from loadtest.analysis.report_maker import make_report
from loadtest.command.interrupts import Interrupts
from loadtest.driver.electorate import new_run
from loadtest.driver.phase_runner import Drivers, start_drivers
from loadtest.measure.measurements import Measurements
from loadtest.measure.tally_watch import TallyWatch
from loadtest.model.catalogue import Catalogue
from loadtest.model.checks import Reconciliation
from loadtest.model.phase import Phase, Voters
from loadtest.model.report import Report
from loadtest.plan.options import Options
from loadtest.plan.phases import planned_phases
from loadtest.plan.ramp import RampPlan
from loadtest.plan.sweep import SweepPlan
from loadtest.reconcile.cast_votes import CastVotes
from loadtest.reconcile.catch_up import CatchUp
from loadtest.reconcile.reconciliation import VoteLogReader
from loadtest.render.terminal import Terminal
from voting.stores.errors import StoreUnavailableError
from voting.stores.tally_store import TallyStore


class Comparison:
    """One comparison; samples go to `folder`, the load drivers' errors to `driver_log`.

    The first interruption ends the current phase and skips the following ones; the next one skips
    the reconciliation. What was measured by then is reported.
    """

    def __init__(
        self,
        options: Options,
        stores: tuple[VoteLogReader, TallyStore],
        *,
        catalogue: Catalogue,
        voters: Voters | None = None,
        terminal: Terminal,
        interrupts: Interrupts,
        folder: Path,
        driver_log: Path,
        save: Callable[[Report], None],
    ) -> None:
        self._options = options
        self._log, self._tallies = stores
        self._catalogue = catalogue
        self._voters = voters
        self._terminal = terminal
        self._interrupts = interrupts
        self._folder = folder
        self._driver_log = driver_log
        self._save = save
        self._measurements = Measurements()
        self._ramp = None if options.ramp is None else RampPlan(options, options.ramp, folder)
        self._sweep = SweepPlan(planned_phases(options, folder)) if options.sweep else None

    async def run(self) -> Report:
        """Run the comparison and return its report, saved before the reconciliation and after.

        Raises `DriverError` when a phase cannot be run, `StoreUnavailableError` when the vote log
        or the tally does not answer before the first phase.
        """
        watch = TallyWatch(self._tallies, self._catalogue.poll)
        async with (
            watch.watching(),
            start_drivers(self._options.processes, self._driver_log) as drivers,
        ):
            return await self._run(watch, drivers)

    async def _run(self, watch: TallyWatch, drivers: Drivers) -> Report:
        started = time.time()
        votes_before = await self._log.count()
        for phase in self._planned():
            if self._interrupts.interrupted:
                break
            await self._run_phase(phase, drivers)
        await self._measurements.ask_prometheus(self._options.prometheus)
        self._save(self._report(started, None))
        found: Reconciliation | str | None
        try:
            found = await self._reconcile(votes_before)
        except StoreUnavailableError as error:
            found = str(error)
        if (
            watch.gap is None
            and isinstance(found, Reconciliation)
            and not found.counted_unacknowledged
        ):
            self._measurements.take_visibility(watch.readings)
        report = self._report(started, found)
        self._save(report)
        return report

    def _planned(self) -> Iterator[Phase]:
        if self._ramp:
            return self._ramp.phases()
        phases = planned_phases(self._options, self._folder)
        self._terminal.announce(phases)
        return self._sweep.phases() if self._sweep else iter(phases)

    async def _run_phase(self, phase: Phase, drivers: Drivers) -> None:
        voters = self._voters
        if voters is not None:
            voters = replace(voters, ballots=voters.ballots - self._sent(), run=new_run())
        phase = replace(phase, catalogue=self._catalogue, voters=voters)
        with self._terminal.phase(phase) as show:
            event = self._interrupts.event
            result, samples = await drivers.run_phase(phase, event, show)
        measured = self._measurements.add(phase, result, samples)
        plan = self._ramp or self._sweep
        if plan and not result.interrupted:
            plan.note(phase, measured)

    def _sent(self) -> int:
        return sum(len(samples) for samples in self._measurements.samples)

    async def _reconcile(self, votes_before: int) -> Reconciliation | None:
        interruption = self._interrupts.next()
        cast = CastVotes(self._catalogue, self._measurements.samples)
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
        return make_report(
            self._options,
            self._measurements,
            self._ramp.result() if self._ramp else None,
            self._sweep.unreached if self._sweep else (),
            found,
            started=started,
            interrupted=self._interrupts.interrupted,
        )
