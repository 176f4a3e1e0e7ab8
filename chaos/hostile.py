"""Hostile clients while people vote: `./bazelw run //chaos:hostile -- --seconds 300`."""

import logging
import sys
import tempfile
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Final

import uvloop

from chaos.hostile_clients.attack import AttackFailedError
from chaos.hostile_clients.catalogue import CLIENTS
from chaos.hostile_trial.limits import memory_limits
from chaos.hostile_trial.result import broken, slower
from chaos.hostile_trial.table import tables
from chaos.hostile_trial.trial import VOTES_PER_SECOND, HostileTrial
from chaos.runs.watch import NotRecoveredError
from harness.processes.console import run_command, say
from harness.processes.errors import ServerError
from harness.system.weakened import WeakenedSystem

_EPILOG: Final = """\
Exit status: 0 if no vote and no reader was refused, the voters' 99th percentile latency rose by at
most 100 ms, every process stayed within its pod's memory limit, and every acknowledged vote counts
once; else 1. Run it on an otherwise idle machine: all clients run there, too."""


def hostile(options: Namespace) -> int:
    """Run the clients; return 0 when no bound was broken."""
    logging.getLogger("harness").setLevel(logging.WARNING)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp(prefix="voting-hostile-"))
    say(f"seed {options.seed}, data and logs in {folder}")
    system = WeakenedSystem(folder / "system", votes_per_second=VOTES_PER_SECOND)
    limits = memory_limits()
    clients: list[str] = options.client or list(CLIENTS)
    trial = HostileTrial(system, options.rate, options.seed, say)
    try:
        with system.running():
            found = uvloop.run(trial.run(clients, options.seconds))
    except (NotRecoveredError, AttackFailedError, ServerError) as error:
        found = [str(error)]
    except KeyboardInterrupt:
        say("interrupted: results of the completed clients follow; the votes were not checked")
        say(f"\n{tables(trial.results, limits)}")
        raise
    say(f"\n{tables(trial.results, limits)}\n")
    for result in trial.results:
        found += [*broken(result, limits), *slower(result)]
    for line in found:
        say(f"BROKEN  {line}")
    if not found:
        say("no client was refused or delayed, and every acknowledged vote counts once")
    return 1 if found else 0


def _parser() -> ArgumentParser:
    names = "\n".join(f"  {client.name:12} {client.what}" for client in CLIENTS.values())
    parser = ArgumentParser(
        prog="hostile",
        formatter_class=RawDescriptionHelpFormatter,
        description="Run hostile clients against the voting system while people vote.",
        epilog=f"clients:\n{names}\n\n{_EPILOG}",
    )
    parser.add_argument(
        "--seconds", type=float, default=300, help="duration of each client (%(default)g)"
    )
    parser.add_argument(
        "--client",
        action="append",
        choices=CLIENTS,
        metavar="NAME",
        help="run only this client; can be repeated",
    )
    parser.add_argument(
        "--rate", type=float, default=300, help="honest votes per second (%(default)g)"
    )
    parser.add_argument("--seed", type=int, default=1, help="random seed (%(default)s)")
    return parser


def main() -> int:
    """Run the command."""
    options = _parser().parse_args()
    return run_command(lambda: hostile(options))


if __name__ == "__main__":
    sys.exit(main())
