"""The command `compare`: what it needs, what it writes, and its exit status."""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from rich.console import Console

from loadtest.command.comparison import Comparison
from loadtest.command.interrupts import interrupts_by_signal
from loadtest.command.poll import read_poll
from loadtest.command.read_options import read_options
from loadtest.command.target import check_target
from loadtest.command.voters import NoVotersError, voters_of
from loadtest.driver.catalogue import read_catalogue
from loadtest.driver.phase_runner import DriverError
from loadtest.model.report import Report, to_json
from loadtest.plan.options import Options
from loadtest.reconcile.stores import UnreachableError, open_stores
from loadtest.render.markdown import to_markdown
from loadtest.render.page import to_html
from loadtest.render.results_table import print_result
from loadtest.render.terminal import Terminal
from voting.stores.errors import StoreUnavailableError

_PASSED: Final = 0
_FAILED: Final = 1
_NOT_RUN: Final = 2
_INTERRUPTED: Final = 130  # a shell's status for a program that Ctrl-C ended


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a comparison and return its exit status."""
    options = read_options(sys.argv[1:] if arguments is None else arguments)
    try:
        return asyncio.run(_compare(options))
    except (UnreachableError, NoVotersError, DriverError, StoreUnavailableError, OSError) as error:
        sys.stderr.write(f"compare: {error}\n")
        return _NOT_RUN


async def _compare(options: Options) -> int:
    console = Console(stderr=options.markdown)
    driver_log = options.output / "driver.log"
    with interrupts_by_signal() as interrupts, tempfile.TemporaryDirectory() as folder:
        await check_target(options.target, options.candidates)
        catalogue, voters = read_catalogue(), None
        if options.poll:
            catalogue, poll_voters = await read_poll(options.target, options.poll)
            voters = voters_of(options, poll_voters)
        async with open_stores(
            options.mongodb_url, options.mongodb_database, options.redis_url
        ) as stores:
            _make_folder(options.output)
            comparison = Comparison(
                options,
                stores,
                catalogue=catalogue,
                voters=voters,
                terminal=Terminal(console),
                interrupts=interrupts,
                folder=Path(folder),
                driver_log=driver_log,
                save=partial(_save, options.output),
            )
            report = await comparison.run()
        _show(options.output, driver_log, report, console)
        if options.markdown:
            sys.stdout.write(to_markdown(report))
    if not report.verdict.passed:
        return _FAILED
    return _INTERRUPTED if report.interrupted else _PASSED


def _make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)


def _save(output: Path, report: Report) -> None:
    (output / "report.json").write_bytes(to_json(report))
    (output / "report.html").write_text(to_html(report), encoding="utf-8")


def _show(output: Path, driver_log: Path, report: Report, console: Console) -> None:
    print_result(console, report)
    if driver_log.exists() and driver_log.stat().st_size == 0:
        driver_log.unlink()
    if driver_log.exists():
        console.print(f"The load driver logged messages: see {driver_log}", style="yellow")
    console.print(f"Report: {output / 'report.html'}", highlight=False, soft_wrap=True)
