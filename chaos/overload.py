"""Twice what the machine can take: `./bazelw run //chaos:overload -- --seconds 120`."""

import asyncio
import logging
import os
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

import uvloop

from chaos.runs.flood import Flood, FloodResult
from chaos.runs.memory import MemoryWatch
from chaos.runs.watch import NotRecoveredError, Watch
from harness.processes.console import run_command, say
from harness.processes.errors import ServerError
from harness.processes.server import Server
from harness.promise.check import violations
from harness.promise.stores_reader import open_stores_reader
from harness.system.weakened import WeakenedSystem
from loadtest.model.percentiles import percentile_of
from voting.domain.vote import Route

REFUSAL_SECONDS: Final = 0.1
"""99 of 100 refusals must be sent within this time."""

NORMAL_SECONDS: Final = 10.0
"""The service must be back to normal within this time after the flood."""

MEMORY_MB: Final = 512.0
"""How much memory a process may use: a usual limit of a container."""

_CAPACITY_SECONDS: Final = 8.0
_CALM_VOTES_PER_SECOND: Final = 50.0
_NORMAL_LATENCY_SECONDS: Final = 0.5
_QUIET_SECONDS: Final = 1200.0  # the consumer has a lot to catch up with
_CONNECTIONS: Final = 400  # to each route
_CAPACITY_CONNECTIONS: Final = 50  # as many votes as wait in a route without a refusal
_NICENESS: Final = 10


class Overload:
    """A flood on the routes of a running system, bypassing the entry, which would slow it down."""

    def __init__(self, system: WeakenedSystem, random: Random, say: Callable[[str], None]) -> None:
        services = system.services
        ports = {
            Route.GRPC: services["svc_grpc_client"].port,
            Route.HTTP: services["svc_http_route"].port,
        }
        self._system = system
        self._say = say
        self._steady = Flood(ports, _CAPACITY_CONNECTIONS, random)
        self._flood = Flood(ports, _CONNECTIONS, random, self._steady.sent_votes)

    async def run(self, seconds: float) -> list[str]:
        """Measure the machine's capacity, offer twice that, and return what went wrong."""
        for part in self._system.parts:
            _yield_processor(part)
        memory = MemoryWatch(self._system.parts)
        watching = asyncio.create_task(memory.run())
        calm = await self._flood.run("calm before", 5.0, _CALM_VOTES_PER_SECOND)
        capacity = await self._steady.run("capacity", _CAPACITY_SECONDS, None)
        rate = len(capacity.accepted) / _CAPACITY_SECONDS
        self._say(f"capacity: {rate:.0f} votes/s; now {seconds:g} s at {2 * rate:.0f} votes/s")
        flood = await self._flood.run("flood", seconds, 2 * rate)
        normal_after = await self._normal_again()
        watching.cancel()
        self._report(calm, flood, normal_after, memory)
        found = [*_slow_refusals(flood), *_not_normal(normal_after), *_too_large(memory)]
        return found + await self._check()

    async def _normal_again(self) -> float:
        """Return the seconds until all votes of one second were accepted without delay."""
        begin = time.monotonic()
        while time.monotonic() - begin < 2 * NORMAL_SECONDS:
            second = await self._flood.run("calm after", 1.0, _CALM_VOTES_PER_SECOND)
            only_accepted = second.accepted and not second.refused and not second.other
            if only_accepted and max(second.accepted) < _NORMAL_LATENCY_SECONDS:
                break
        return time.monotonic() - begin - 1.0

    async def _check(self) -> list[str]:
        async with open_stores_reader(
            self._system.bootstrap_servers, self._system.redis.url, self._system.mongodb.url
        ) as reader:
            await Watch(self._system, reader, self._flood.sent_votes, lag=0).in_step(_QUIET_SECONDS)
            contents = await reader.contents()
        return [str(violation) for violation in violations(self._flood.sent_votes, contents)]

    def _report(
        self, calm: FloodResult, flood: FloodResult, normal_after: float, memory: MemoryWatch
    ) -> None:
        for name, result in (("calm", calm), ("flood", flood)):
            self._say(
                f"{name}: accepted {len(result.accepted) / result.seconds:.0f}/s "
                f"(p99 {_p99(result.accepted):.3f} s), refused {len(result.refused)} "
                f"(p99 {_p99(result.refused):.3f} s), other responses {result.other}, "
                f"not sent {result.unsent}"
            )
        self._say(f"back to normal {normal_after:.1f} s after the flood")
        for name, most in sorted(memory.most.items()):
            first = memory.first.get(name, 0.0)
            self._say(f"memory  {name:18} {first:6.0f} MB, at most {most:.0f} MB")


def _yield_processor(server: Server) -> None:
    """Let the voters have the processor first: in reality the servers do not slow them down."""
    for thread in Path(f"/proc/{server.pid}/task").iterdir():
        os.setpriority(os.PRIO_PROCESS, int(thread.name), _NICENESS)


def _p99(latencies: list[float]) -> float:
    return percentile_of(latencies, 99) or 0.0


def _slow_refusals(flood: FloodResult) -> list[str]:
    p99 = _p99(flood.refused)
    return [f"p99 of refusals was {p99:.3f} s"] if p99 > REFUSAL_SECONDS else []


def _not_normal(after: float) -> list[str]:
    return [f"not back to normal after {after:.0f} s"] if after > NORMAL_SECONDS else []


def _too_large(memory: MemoryWatch) -> list[str]:
    too_large = {name: most for name, most in memory.most.items() if most > MEMORY_MB}
    return [f"{name} used {most:.0f} MB" for name, most in too_large.items()]


def overload(options: Namespace) -> int:
    """Run the flood; return 0 when nothing went wrong."""
    logging.getLogger("harness").setLevel(logging.WARNING)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp(prefix="voting-overload-"))
    say(f"data and logs in {folder}")
    random = Random(options.seed)  # noqa: S311 - votes, not secrets
    system = WeakenedSystem(folder / "system", MAX_WAITING_VOTES=str(options.max_waiting))
    try:
        with system.running():
            found = uvloop.run(Overload(system, random, say).run(options.seconds))
    except (NotRecoveredError, ServerError) as error:
        found = [str(error)]
    for line in found:
        say(f"BROKEN  {line}")
    if not found:
        say("memory stayed bounded, refusals were quick, every acknowledged vote counts once")
    return 1 if found else 0


def main() -> int:
    """Run the command."""
    parser = ArgumentParser(
        prog="overload",
        description="Send the voting system twice as many votes as this machine can handle.",
        epilog="Exit status: 0 if memory stayed bounded, refusals were quick, the service soon "
        "returned to normal, and every acknowledged vote counts once.",
    )
    parser.add_argument("--seconds", type=float, default=120, help="duration (%(default)g)")
    parser.add_argument("--seed", type=int, default=1, help="random seed (%(default)s)")
    parser.add_argument(
        "--max-waiting",
        type=int,
        default=100,
        help="votes that may wait in a route before it refuses further ones (%(default)s)",
    )
    options = parser.parse_args()
    return run_command(lambda: overload(options))


if __name__ == "__main__":
    sys.exit(main())
