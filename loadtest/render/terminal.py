"""What the comparison shows in the terminal while it runs."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from loadtest.model.phase import Phase, PhaseProgress
from loadtest.plan.phases import seconds_of
from loadtest.reconcile.catch_up import CatchUpProgress


class Terminal:
    """Progress bars on a terminal; elsewhere, such as in CI's log, one line when a step ends."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def announce(self, phases: Sequence[Phase]) -> None:
        """Say how long phases will take."""
        seconds = round(seconds_of(phases))
        time = f"{seconds // 60} min {seconds % 60} s" if seconds >= 60 else f"{seconds} s"
        self._console.print(
            f"{len(phases)} phases, at least {time}; Ctrl-C ends them early, with a report",
            highlight=False,
        )

    @contextmanager
    def phase(self, phase: Phase) -> Iterator[Callable[[PhaseProgress], None]]:
        """Show a phase while the block runs; yields what to call with its progress."""
        with self._progress(TaskProgressColumn(), TimeRemainingColumn()) as bar:
            task = bar.add_task(phase.name, total=phase.warm_up + phase.seconds, note="starting")

            def show(progress: PhaseProgress) -> None:
                elapsed = max(0.0, progress.at + phase.warm_up)
                bar.update(task, completed=elapsed, note=_phase_note(progress))

            yield show

    @contextmanager
    def waiting(self) -> Iterator[Callable[[CatchUpProgress], None]]:
        """Show how the consumer catches up; yields what to call with its progress."""
        with self._progress() as bar:
            task = bar.add_task("reconciliation", total=None, note="")

            def show(waiting: CatchUpProgress) -> None:
                note = f"{waiting.in_log:,} of {waiting.expected:,} accepted votes in the vote log"
                bar.update(task, total=waiting.expected, completed=waiting.in_log, note=note)

            yield show

    @contextmanager
    def _progress(self, *columns: ProgressColumn) -> Iterator[Progress]:
        with Progress(
            TextColumn("{task.description:<16}"),
            BarColumn(bar_width=30),
            *columns,
            TextColumn("{task.fields[note]}"),
            console=self._console,
        ) as progress:
            yield progress


def _phase_note(progress: PhaseProgress) -> str:
    note = f"{progress.accepted:,} accepted"
    if progress.failed:
        note += f", [red]{progress.failed:,} failed[/red]"
    return f"warming up, {note}" if progress.at < 0 else note
