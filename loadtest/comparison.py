"""The comparison: the phases one after another, then the reconciliation."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from loadtest.arrivals import Pattern
from loadtest.cast_votes import CastVotes
from loadtest.catalogue import read_catalogue
from loadtest.catch_up import CatchUp
from loadtest.figures import phase_report
from loadtest.findings import PhaseReport, Reconciliation
from loadtest.interrupts import Interrupts
from loadtest.options import Options
from loadtest.phase import Phase
from loadtest.phase_runner import run_phase
from loadtest.reconciliation import Log, Tallies
from loadtest.report import Report, Setup
from loadtest.samples import Samples, read_samples
from loadtest.split import check_phase_split
from loadtest.terminal import Terminal
from loadtest.verdict import judge
from voting.store import StoreUnavailableError
from voting.vote import Route

_PHASES: Final = (("gRPC alone", Route.GRPC), ("HTTP alone", Route.HTTP), ("split", None))


class Comparison:
    """One comparison. `folder` takes the samples, `driver_log` what the load driver complains of.

    An interruption ends the phase that runs and leaves out the following ones; another one leaves
    out the reconciliation. What was measured by then is reported.
    """

    def __init__(
        self,
        options: Options,
        stores: tuple[Log, Tallies],
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
        self._phases: list[PhaseReport] = []
        self._samples: list[Samples] = []

    async def run(self) -> Report:
        """Save and return the report; saved a first time before the wait for the consumer.

        Raises `DriverError` when a phase cannot be run, `StoreUnavailableError` when the vote log
        does not answer before the first phase.
        """
        started = time.time()
        votes_before = await self._log.count()
        for phase in self._planned():
            if not self._interrupts.interrupted:
                await self._run_phase(phase)
        self._save(self._report(started, None))
        found: Reconciliation | str | None
        try:
            found = await self._reconcile(votes_before)
        except StoreUnavailableError as error:
            found = str(error)
        report = self._report(started, found)
        self._save(report)
        return report

    def _planned(self) -> Iterator[Phase]:
        options = self._options
        for number, (name, forced) in enumerate(_PHASES):
            yield Phase(
                name=name,
                target=options.target,
                forced=forced,
                pattern=options.pattern,
                rate=options.rate,
                users=options.users,
                warm_up=options.warm_up,
                seconds=options.seconds,
                timeout=options.timeout,
                seed=options.seed + number,
                client_ids=options.client_ids,
                samples=str(self._folder / f"samples-{number}"),
            )

    async def _run_phase(self, phase: Phase) -> None:
        with self._terminal.phase(phase) as show:
            event = self._interrupts.event
            result = await run_phase(phase, self._driver_log, event, show)
        samples = read_samples(Path(phase.samples))
        self._samples.append(samples)
        self._phases.append(phase_report(phase, result, samples))

    async def _reconcile(self, votes_before: int) -> Reconciliation | None:
        interruption = self._interrupts.next()
        cast = CastVotes(read_catalogue(), self._samples)
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
        split_phase = next((phase for phase in self._phases if phase.forced is None), None)
        split = check_phase_split(split_phase, self._options.weights) if split_phase else None
        interrupted = self._interrupts.interrupted
        return Report(
            started_at=started,
            interrupted=interrupted,
            setup=_setup(self._options),
            phases=self._phases,
            split=split,
            reconciliation=found if isinstance(found, Reconciliation) else None,
            verdict=judge(self._phases, split, found, interrupted=interrupted),
        )


def _setup(options: Options) -> Setup:
    return Setup(
        target=options.target,
        pattern=options.pattern,
        rate=None if options.pattern is Pattern.CLOSED else options.rate,
        users=options.users,
        seconds=options.seconds,
        warm_up=options.warm_up,
        timeout=options.timeout,
        seed=options.seed,
        client_ids=options.client_ids,
        weights=options.weights,
    )
