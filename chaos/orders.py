"""Starting and stopping all parts in random orders: `./bazelw run //chaos:orders -- --count 20`."""

import asyncio
import logging
import re
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

from chaos.runs.watch import NotRecoveredError, Watch
from harness.processes.console import run_command, say
from harness.processes.errors import ServerError
from harness.processes.server import Server
from harness.promise.check import violations
from harness.promise.stores_reader import open_stores_reader
from harness.servers.services import Service
from harness.system.weakened import WeakenedSystem
from harness.voters.voters import Voters

GRACE_SECONDS: Final = 30.0
"""How long a part may take to end: Kubernetes' default."""

_LONGEST_GAP_SECONDS: Final = 0.5
_VOTING_SECONDS: Final = 2.0
_QUIET_SECONDS: Final = 180.0
_NOT_READY: Final = re.compile(r"voting\.lifecycle: (ready|not ready: .*)$", re.MULTILINE)


class Orders:
    """Starts and stops a system repeatedly, in random orders, while people vote."""

    def __init__(self, system: WeakenedSystem, rate: float, random: Random) -> None:
        self._system = system
        self._random = random
        self._voters = Voters(system.entry.host, system.entry.port, rate, random)

    async def run(self, count: int, say: Callable[[str], None]) -> list[str]:
        """Try `count` orders; return what went wrong. The system must not be running yet."""
        found: list[str] = []
        for number in range(1, count + 1):
            begin = time.monotonic()
            order = self._random.sample(self._system.parts, len(self._system.parts))
            found += await asyncio.to_thread(self._start, order)
            ready = time.monotonic() - begin
            self._voters.start()
            await asyncio.sleep(_VOTING_SECONDS)
            self._random.shuffle(order)
            begin = time.monotonic()
            found += await asyncio.to_thread(self._stop, order)
            stopped = time.monotonic() - begin
            await self._voters.stop()
            say(
                f"order {number:2}  ready after {ready:5.1f} s  ended after {stopped:5.1f} s  "
                f"{len(self._voters.sent_votes.acknowledged)} votes  first to end: {order[0].name}"
            )
        self._voters.close()
        await asyncio.to_thread(self._start, self._system.parts)
        return found + await self._check()

    def _start(self, order: list[Server]) -> list[str]:
        sizes = {part: _size(part.log) for part in order}
        for part in order:
            part.launch()
            self._pause()
        for part in order:
            part.wait_ready()
        services = [part for part in order if isinstance(part, Service)]
        return [line for part in services for line in _repeated_messages(part, sizes[part])]

    def _stop(self, order: list[Server]) -> list[str]:
        asked = {}
        for part in order:
            part.ask_to_stop()
            asked[part] = time.monotonic()
            self._pause()
        found = []
        for part in order:
            part.stop_grace_seconds = max(0.0, asked[part] + GRACE_SECONDS - time.monotonic())
            part.stop()
            if part.status == -9:
                found.append(f"{part.name} did not stop within {GRACE_SECONDS:g} s")
            elif part.status and isinstance(part, Service):
                found.append(f"{part.name} exited with status {part.status}")
        return found

    async def _check(self) -> list[str]:
        async with open_stores_reader(
            self._system.bootstrap_servers, self._system.redis.url, self._system.mongodb.url
        ) as reader:
            await Watch(self._system, reader, self._voters.sent_votes, lag=0).in_step(
                _QUIET_SECONDS
            )
            contents = await reader.contents()
        return [str(violation) for violation in violations(self._voters.sent_votes, contents)]

    def _pause(self) -> None:
        time.sleep(self._random.random() * _LONGEST_GAP_SECONDS)


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def _repeated_messages(service: Service, since: int) -> list[str]:
    """Return what the service logged more than once from its start until it was ready."""
    log = service.log.read_bytes()[since:].decode()
    messages = Counter(_NOT_READY.findall(log.partition("lifecycle: ready")[0]))
    return [
        f"{service.name} logged {times} times: {what}"
        for what, times in messages.items()
        if times > 1
    ]


def orders(options: Namespace) -> int:
    """Try the orders; return 0 when nothing went wrong."""
    logging.getLogger("harness").setLevel(logging.WARNING)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp(prefix="voting-orders-"))
    say(f"seed {options.seed}, data and logs in {folder}")
    random = Random(options.seed)  # noqa: S311 - the same seed must give the same orders
    system = WeakenedSystem(folder / "system")
    try:
        with system.prepared():
            found = asyncio.run(Orders(system, options.rate, random).run(options.count, say))
    except (NotRecoveredError, ServerError) as error:
        found = [str(error)]
    for line in found:
        say(f"BROKEN  {line}")
    if not found:
        say("every part started and stopped cleanly, and every acknowledged vote counts once")
    return 1 if found else 0


def main() -> int:
    """Run the command."""
    parser = ArgumentParser(
        prog="orders",
        description="Start and stop all parts of the voting system in random orders.",
        epilog="Exit status: 0 if every part started and stopped in time and no vote was lost.",
    )
    parser.add_argument("--count", type=int, default=20, help="number of orders (%(default)s)")
    parser.add_argument(
        "--seed", type=int, default=1, help="random seed of the orders (%(default)s)"
    )
    parser.add_argument("--rate", type=float, default=50, help="votes per second (%(default)g)")
    options = parser.parse_args()
    return run_command(lambda: orders(options))


if __name__ == "__main__":
    sys.exit(main())
