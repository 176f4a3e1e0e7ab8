"""Everything measured so far: the phases that ran, with their samples and Prometheus's data."""

from collections.abc import Sequence

import msgspec

from loadtest.driver.samples import Samples
from loadtest.measure.figures import accepted_ms, phase_report
from loadtest.measure.prometheus import PrometheusError, read_tracks
from loadtest.measure.tally_watch import Reading
from loadtest.measure.usage import own_processes, process_uses
from loadtest.measure.visibility import visible_after
from loadtest.model.candidate import Candidate
from loadtest.model.findings import PhaseReport
from loadtest.model.percentiles import curve
from loadtest.model.phase import Phase, PhaseResult


class _Run(msgspec.Struct):
    phase: Phase
    result: PhaseResult
    samples: Samples
    report: PhaseReport


class Measurements:
    """The phases of a comparison, one after another.

    `unmeasured` is the reason why there is no processor time, None when there is.
    """

    def __init__(self) -> None:
        self._runs: list[_Run] = []
        self.unmeasured: str | None = None

    @property
    def samples(self) -> list[Samples]:
        """The samples of each phase."""
        return [run.samples for run in self._runs]

    def add(self, phase: Phase, result: PhaseResult, samples: Samples) -> PhaseReport:
        """Add a phase that has ended; return its figures, as far as its samples give them."""
        report = phase_report(phase, result, samples)
        self._runs.append(_Run(phase, result, samples, report))
        return report

    async def ask_prometheus(self, url: str) -> None:
        """Add what Prometheus recorded during the phases so far, or set `unmeasured`."""
        results = [run.result for run in self._runs]
        if not results:
            return
        start = min(run.result.started - run.phase.warm_up for run in self._runs)
        end = max(result.started + result.seconds for result in results)
        try:
            tracks = await read_tracks(url, start, end)
        except PrometheusError as error:
            self.unmeasured = f"Prometheus at {url}: {error}"
            return
        known: set[str] = set()
        for run in self._runs:
            uses = process_uses(tracks, run.phase, run.result, run.samples)
            run.report = msgspec.structs.replace(run.report, processes=uses)
            known |= uses.keys()
        candidates = {run.phase.forced for run in self._runs if run.phase.forced}
        needed = {name for candidate in candidates for name in own_processes(candidate)}
        if missing := sorted(needed - known):
            self.unmeasured = f"Prometheus at {url} has too few readings of {', '.join(missing)}"

    def take_visibility(self, readings: Sequence[Reading]) -> None:
        """Add when the tally had the votes; only right if nobody else voted meanwhile."""
        found = visible_after([(run.result.started, run.samples) for run in self._runs], readings)
        for run, visible in zip(self._runs, found, strict=True):
            run.report = msgspec.structs.replace(run.report, visible=visible)

    def phases(self) -> list[PhaseReport]:
        """Return each phase's part of the report."""
        return [run.report for run in self._runs]

    def curves_alone(
        self, phases: Sequence[PhaseReport]
    ) -> dict[Candidate, list[tuple[float, float]]]:
        """Return each candidate's latency over percentiles, of `phases` in which it was alone."""
        chosen = [run for run in self._runs if run.report in phases]
        return {
            one: curve([accepted_ms(run.samples) for run in chosen if run.phase.forced is one])
            for one in Candidate
        }
