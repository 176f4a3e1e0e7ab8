"""Whether the services' memory stays flat under load: `./bazelw run //bench:memory`."""

import asyncio
import sys
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Final

import msgspec
import uvloop

from bench.apparatus.load import Load
from bench.apparatus.servers import Servers
from bench.cases.end_to_end import LoadedSystem
from bench.options import path, positive
from chaos.runs.memory import MemoryWatch
from harness.processes.console import hide_progress, run_command, say
from harness.processes.scratch import scratch_folder

_CONNECTIONS: Final = 64
_PROGRESS_SECONDS: Final = 15.0
_GROWTH_MB: Final = 16.0  # what a service may grow after the warm-up


class Memory(msgspec.Struct, frozen=True):
    """Resident memory (MB) of a process: after the warm-up, at the end, and at its highest."""

    name: str
    begin: float
    end: float
    most: float
    is_service: bool

    @property
    def grows(self) -> bool:
        """Whether it is a service of ours that uses more at the end than it may."""
        return self.is_service and self.end > self.begin + _GROWTH_MB


async def watch(folder: Path, seconds: float, warm_up: float, rate: float | None) -> list[Memory]:
    """Return the memory of every process of the whole system under load.

    Without a rate the load is as many votes as the routes accept; the consumer may fall behind.
    """
    servers = Servers(folder)
    system = LoadedSystem(servers)
    async with servers.running(servers.kafka):
        with system.running():
            return await _watch(system, seconds, warm_up, rate)


async def _watch(
    system: LoadedSystem, seconds: float, warm_up: float, rate: float | None
) -> list[Memory]:
    async with Load(system.routes, _CONNECTIONS, rate) as load:
        await load.run(warm_up)
        processes = list(system.measured.values())
        memory, end = MemoryWatch(processes), time.monotonic() + seconds
        watching = asyncio.create_task(memory.run())
        votes = 0
        while (left := end - time.monotonic()) > 0:
            load.reset()
            await load.run(min(left, _PROGRESS_SECONDS))
            votes += load.accepted
            counted = await system.counted()
            say(f"{max(0, left):4.0f} s left, {votes:,} votes accepted, {counted:,} counted")
        watching.cancel()
        await asyncio.wait([watching])
        last = MemoryWatch(processes).first
        return [
            Memory(name, begin, last[name], memory.most[name], name in system.services)
            for name, begin in memory.first.items()
        ]


def memory(options: Namespace) -> int:
    """Watch the system and print the table; return 1 when a service of ours grows."""
    hide_progress()
    warm_up = min(30.0, options.seconds / 4)
    with scratch_folder("voting-memory-", options.folder) as folder:
        found = uvloop.run(watch(folder, options.seconds, warm_up, options.rate))
    say(f"\n{'resident memory, MB':20}{'begin':>8}{'end':>8}{'most':>8}")
    for part in found:
        grows = "  GROWS" if part.grows else ""
        say(f"{part.name:20}{part.begin:8.1f}{part.end:8.1f}{part.most:8.1f}{grows}")
    return int(any(part.grows for part in found))


def main() -> int:
    """Run the command."""
    parser = ArgumentParser(
        prog="memory",
        description="Run the whole system under load and show each process's memory after the "
        "warm-up and at the end.",
        epilog=f"Exit status: 1 if a service grew by more than {_GROWTH_MB:g} MB, else 0.",
    )
    parser.add_argument("--seconds", type=positive, default=600, help="duration (%(default)s)")
    parser.add_argument(
        "--rate", type=positive, help="votes per second (default: as many as the routes accept)"
    )
    parser.add_argument("--folder", type=path, help="folder for the data during the run")
    options = parser.parse_args()
    return run_command(lambda: memory(options))


if __name__ == "__main__":
    sys.exit(main())
