"""How fast the system heals with a large vote log: `./bazelw run //chaos:healing -- --votes N`."""

import asyncio
import logging
import shutil
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from aiokafka.errors import KafkaError
from redis.asyncio import Redis

from chaos.runs.watch import NotRecoveredError
from harness.filler.filler import Filler
from harness.processes.console import run_command, say
from harness.processes.errors import ServerError
from harness.processes.server import start_together
from harness.processes.waiting import until
from harness.promise.ledger_reader import end_offsets
from harness.promise.stores_reader import Positions, StoresReader, next_offset, open_stores_reader
from harness.system.weakened import WeakenedSystem
from harness.voters.voters import Voters
from svc_consumer.repair.audit import LogReader, differences, read_snapshot
from voting.ledger.settings import VOTES_TOPIC
from voting.stores.errors import StoreUnavailableError

_POLL_SECONDS: Final = 0.25
_LIMIT_SECONDS: Final = 300.0
_AWAY_SECONDS: Final = 2.0  # how long the broker is down


class Recovery(NamedTuple):
    """How long (s) something took, and how long it may take."""

    what: str
    limit: float
    seconds: float


class Healing:
    """Loses parts of a running system with a large vote log, and times how they heal."""

    def __init__(
        self, system: WeakenedSystem, reader: StoresReader, voters: Voters, rate: float
    ) -> None:
        self._system = system
        self._reader = reader
        self._voters = voters
        self._lag = max(50, int(rate))

    async def run(self) -> tuple[list[Recovery], list[str]]:
        """Cause one loss after the other; return how long healing took, and what is wrong."""
        measured = [Recovery("services ready, Redis empty", 30, await self._caught_up())]
        self._voters.start()
        for what, limit, work in (
            ("Redis emptied", 30, self._redis_emptied),
            ("broker back, counting again", 5, self._broker_killed),
            ("partitions of a dead consumer", 10, self._consumer_killed),
        ):
            await self._caught_up()
            seconds = await work()
            say(f"{what}: {seconds:.1f} s")
            measured.append(Recovery(what, limit, seconds))
        await self._voters.stop()
        await self._until(lambda positions: positions.in_step)
        return measured, await self._wrong()

    async def _caught_up(self) -> float:
        """Return how long it takes until both stores keep up with the ledger."""
        return await self._until(lambda positions: positions.lag <= self._lag)

    async def _redis_emptied(self) -> float:
        async with Redis.from_url(self._system.redis.url) as client:
            await client.flushall()
        return await self._caught_up()

    async def _broker_killed(self) -> float:
        """Return how long the tally stands still after the broker's first answer."""
        kafka = self._system.kafka
        await asyncio.to_thread(kafka.kill)
        await asyncio.sleep(_AWAY_SECONDS)
        before = (await self._tally_ends()).values()
        await asyncio.to_thread(kafka.start)
        return await self._until(lambda now: sum(now.tally.values()) > sum(before))

    async def _consumer_killed(self) -> float:
        """Return how long it takes until the votes of all partitions count again."""
        began = time.monotonic()
        await asyncio.to_thread(self._system.consumers[0].kill)
        await asyncio.sleep(1)
        ends = await end_offsets(self._system.bootstrap_servers)
        await self._until(lambda now: all(now.tally[p] >= end for p, end in ends.items()))
        return time.monotonic() - began

    async def _tally_ends(self) -> dict[int, int]:
        tally = await self._reader.tally()
        return {p: next_offset(position) for p, position in tally.positions.items()}

    async def _until(self, reached: Callable[[Positions], bool]) -> float:
        """Return how many seconds it took; raises NotRecoveredError after five minutes."""
        began, seen = time.monotonic(), ""

        async def is_reached() -> bool:
            nonlocal seen
            try:
                positions = await self._reader.positions()
            except (KafkaError, StoreUnavailableError, TimeoutError) as error:
                seen = f"{type(error).__name__}: {error}"
                return False
            seen = str(positions)
            return reached(positions)

        await until(
            is_reached,
            lambda: seen,
            _LIMIT_SECONDS,
            error=NotRecoveredError,
            longest_pause_seconds=_POLL_SECONDS,
        )
        return time.monotonic() - began

    async def _wrong(self) -> list[str]:
        """Return every way in which log and tally differ from what was acknowledged."""
        sent_votes, log = self._voters.sent_votes, self._reader.log
        snapshot = await read_snapshot(self._reader.tally_store)
        logged = await LogReader(log, say).upto(snapshot.positions)
        found = [str(difference) for difference in differences(snapshot, logged)]
        known = await log.find(list(sent_votes.acknowledged))
        if lost := [i for i in sent_votes.acknowledged if i not in known]:
            found.append(
                f"{len(lost)} acknowledged votes are missing from the vote log, e.g. {lost[0]}"
            )
        if (count := await log.count()) != logged.votes:
            found.append(
                f"the vote log has {count} votes, {logged.votes} of them up to its positions"
            )
        say(
            f"{logged.votes} votes in vote log and tally, "
            f"{len(sent_votes.acknowledged)} from voters"
        )
        return found


async def _measure(system: WeakenedSystem, options: Namespace, random: Random) -> list[str]:
    """Fill the stores, start the services, cause the losses; return what is wrong."""
    kafka = system.kafka
    start_together([kafka, system.redis, system.mongodb, system.entry])
    partitions = len(await end_offsets(kafka.address))
    filler = Filler(kafka.address, VOTES_TOPIC, partitions, system.mongodb)
    await filler.prepare()
    await filler.grow_to(options.votes, say)
    start_together(list(system.services.values()))
    voters = Voters(system.entry.host, system.entry.port, options.rate, random)
    try:
        async with open_stores_reader(
            system.bootstrap_servers, system.redis.url, system.mongodb.url
        ) as reader:
            measured, wrong = await Healing(system, reader, voters, options.rate).run()
    finally:
        await voters.stop()
        voters.close()
    say(f"\n{options.votes} votes in the vote log, {options.rate:g} more per second")
    for what, limit, seconds in measured:
        say(f"{what:32} {seconds:6.1f} s  (limit {limit:g} s)")
    late = [f"{m.what} took {m.seconds:.1f} s" for m in measured if m.seconds > m.limit]
    return wrong + late


def healing(options: Namespace) -> int:
    """Run the trial and return the exit status."""
    logging.getLogger("harness").setLevel(logging.WARNING)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp(prefix="voting-healing-"))
    say(f"data and logs in {folder}")
    system = WeakenedSystem(folder / "system")
    try:
        with system.prepared():
            random = Random(options.seed)  # noqa: S311 - votes, not secrets
            found = asyncio.run(_measure(system, options, random))
    except (NotRecoveredError, ServerError) as error:
        found = [str(error)]
    for line in found:
        say(f"BROKEN  {line}")
    if not found:
        shutil.rmtree(folder)
    return 1 if found else 0


def main() -> int:
    """Run the command."""
    parser = ArgumentParser(
        prog="healing",
        description="Fill ledger and vote log, then empty Redis and kill the broker and a consumer "
        "while people vote, and measure how long recovery takes.",
        epilog="Exit status: 0 if everything recovered in time and tally and vote log agree. "
        "Otherwise data and logs are kept.",
    )
    parser.add_argument(
        "--votes", type=int, default=1_000_000, help="votes to fill in (%(default)s)"
    )
    parser.add_argument("--rate", type=float, default=100, help="votes per second (%(default)g)")
    parser.add_argument("--seed", type=int, default=1, help="random seed (%(default)s)")
    options = parser.parse_args()
    return run_command(lambda: healing(options))


if __name__ == "__main__":
    sys.exit(main())
