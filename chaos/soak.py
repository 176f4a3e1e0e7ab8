"""The long form of the chaos suite: `./bazelw run //chaos:soak -- --minutes 20 --seed 1`."""

import asyncio
import logging
import shutil
import sys
import tempfile
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from pathlib import Path
from random import Random
from typing import Final

from chaos.faults.fault import Fault, FaultFailedError
from chaos.faults.schedule import FAULTS, schedule
from chaos.runs.run import Run
from chaos.runs.table import table
from chaos.runs.watch import NotRecoveredError
from harness.processes.console import run_command, say
from harness.processes.errors import ServerError
from harness.system.weakened import WeakenedSystem

_MAX_FAULTS: Final = 10_000
_EPILOG: Final = """\
Exit status: 0 if every acknowledged vote counts once; 1 if a rule is broken or the system does not
start or recover in time; 130 after Ctrl-C. Data and logs are kept unless the status is 0."""


def soak(options: Namespace) -> int:
    """Run the system and the faults; print the table; return the exit status."""
    logging.getLogger("harness").setLevel(logging.WARNING)  # servers start all the time
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # and are often away
    folder = Path(tempfile.mkdtemp(prefix="voting-chaos-"))
    say(f"seed {options.seed}, data and logs in {folder}")
    try:
        status = _soak(options, folder / "system")
    except KeyboardInterrupt:
        say("interrupted; nothing was checked")
        return 130
    if status == 0:
        shutil.rmtree(folder)
    return status


def _soak(options: Namespace, folder: Path) -> int:
    random = Random(options.seed)  # noqa: S311 - the same seed must give the same schedule
    system = WeakenedSystem(folder)
    with system.running():
        run = Run(system, options.rate, random, say, long=True)
        try:
            outcome = asyncio.run(
                run.run(_faults(options, random), options.minutes * 60, options.count)
            )
        except (NotRecoveredError, FaultFailedError, ServerError) as error:
            say(f"BROKEN  {error}")
            return 1
    say(f"\n{table(outcome)}")
    return 1 if outcome.violations else 0


def _faults(options: Namespace, random: Random) -> list[Fault]:
    names: list[str] = options.faults or []
    if not names:
        return schedule(random, _MAX_FAULTS)
    return [FAULTS[name] for name in names] * max(1, _MAX_FAULTS // len(names))


def _parser() -> ArgumentParser:
    names = "\n".join(f"  {fault.name:24} {fault.what}" for fault in FAULTS.values())
    parser = ArgumentParser(
        prog="soak",
        formatter_class=RawDescriptionHelpFormatter,
        description="Inject faults into the voting system under votes, then check every vote.",
        epilog=f"faults:\n{names}\n\n{_EPILOG}",
    )
    parser.add_argument("--minutes", type=float, default=20, help="duration (%(default)g)")
    parser.add_argument(
        "--seed", type=int, default=1, help="random seed of the schedule (%(default)s)"
    )
    parser.add_argument(
        "--count", type=int, default=100, help="least number of faults (%(default)s)"
    )
    parser.add_argument("--rate", type=float, default=100, help="votes per second (%(default)g)")
    parser.add_argument(
        "--faults",
        action="append",
        choices=FAULTS,
        metavar="NAME",
        help="inject only this fault; can be repeated",
    )
    return parser


def main() -> int:
    """Run the command."""
    options = _parser().parse_args()
    return run_command(lambda: soak(options))


if __name__ == "__main__":
    sys.exit(main())
