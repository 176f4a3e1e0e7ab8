"""Runs one hostile client after the other while people vote and read the result."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from chaos.hostile_clients.attack import Attack
from chaos.hostile_clients.client import NAME, AttackRecord, Target
from chaos.hostile_trial.readers import Readers
from chaos.hostile_trial.result import Result, p99
from chaos.hostile_trial.usage import Usage, UsageWatch
from chaos.runs.watch import NotRecoveredError, Watch
from harness.processes.errors import NotReadyError
from harness.promise.check import violations
from harness.promise.stores_reader import open_stores_reader
from harness.system.weakened import WeakenedSystem
from harness.voters.sent_votes import Acknowledgement
from harness.voters.voters import Voters

VOTES_PER_SECOND: Final = 100
"""The entry's limit of votes for one address, as the component `rate-limit` has it."""

_VOTERS: Final = [f"127.0.1.{number}" for number in range(1, 251)]
_READERS: Final = [f"127.0.2.{number}" for number in range(1, 6)]
_START_SECONDS: Final = 60.0
_CALM_PART: Final = 0.1  # of the time of each client
_CALM_MIN_SECONDS: Final = 3.0
_SAMPLE_SECONDS: Final = 0.5
_PROGRESS_SECONDS: Final = 10.0
_READY_SECONDS: Final = 10.0
_CATCH_UP_SECONDS: Final = 60.0
_QUIET_SECONDS: Final = 1200.0


class HostileTrial:
    """The trial of a running system."""

    def __init__(
        self, system: WeakenedSystem, rate: float, seed: int, say: Callable[[str], None]
    ) -> None:
        """`rate` is in honest votes per second; `say` takes lines of progress."""
        self._system = system
        self._rate = rate
        self._seed = seed
        self._say = say
        self.results: list[Result] = []
        """Of the clients that have finished."""
        entry = system.entry
        random = Random(seed)  # noqa: S311 - votes, not secrets
        self._voters = Voters(entry.host, entry.port, rate, random, _VOTERS)
        self._voters.sent_votes.others = frozenset({NAME})
        self._readers = Readers(entry.port, _READERS)
        self._target = Target(
            entry.port,
            {name: service.port for name, service in system.services.items()},
            system.services["svc_grpc_server"].grpc_port or 0,
        )

    async def run(self, clients: Sequence[str], seconds: float) -> list[str]:
        """Run each client for `seconds`; return the promises to voters that were broken.

        Raises NotRecoveredError when nobody can vote, or when not every vote is counted in the end,
        and AttackFailedError.
        """
        sent_votes = self._voters.sent_votes
        async with open_stores_reader(
            self._system.bootstrap_servers, self._system.redis.url, self._system.mongodb.url
        ) as reader:
            watch = Watch(self._system, reader, sent_votes, lag=max(50, int(2 * self._rate)))
            begin = time.monotonic()
            self._voters.start()
            await watch.recovered(begin, _START_SECONDS)
            reading = asyncio.create_task(self._readers.run())
            try:
                for client in clients:
                    self.results.append(await self._run_client(client, seconds))
                    await self._catch_up(watch, client)
            finally:
                reading.cancel()
                await asyncio.wait([reading])
                await self._voters.stop()
                self._voters.close()
            self._say("voting is over; waiting until everything is counted")
            await watch.in_step(_QUIET_SECONDS)
            contents = await reader.contents()
        found = [str(violation) for violation in violations(sent_votes, contents)]
        found += [f"{name} ended by itself, {times} times" for name, times in watch.ended.items()]
        self._say(
            f"{len(sent_votes.acknowledged)} acknowledged, {len(contents.logged)} in the vote log"
        )
        return found

    async def _run_client(self, client: str, seconds: float) -> Result:
        """Measure a calm time, and then the time of the client's attack."""
        calm = len(self._voters.waits)
        await asyncio.sleep(max(_CALM_MIN_SECONDS, seconds * _CALM_PART))
        first, first_read = len(self._voters.waits), len(self._readers.waits)
        refused, readers_refused = self._refused, self._readers.refused.copy()
        usage, begin = UsageWatch(self._system.parts), time.monotonic()
        with Attack(client, self._target, self._seed, seconds) as attack:
            taken = await self._watch(client, attack, usage, calm, first)
            record = await asyncio.to_thread(attack.record)
        result = Result(
            client,
            self._voters.waits[calm:first],
            self._voters.waits[first:],
            self._voters.sent_votes.longest_gap(begin, time.monotonic()),
            self._refused - refused,
            self._readers.waits[first_read:],
            self._readers.refused - readers_refused,
            taken,
            usage.sockets,
            await self._not_ready(),
            record,
        )
        self._add_acknowledged(record)
        return result

    async def _watch(
        self, client: str, attack: Attack, usage: UsageWatch, calm: int, first: int
    ) -> dict[str, Usage]:
        begin = reported = time.monotonic()
        taken = usage.sample()
        while not attack.over:
            await asyncio.sleep(_SAMPLE_SECONDS)
            taken = usage.sample()
            now, waits = time.monotonic(), self._voters.waits
            if now > reported + _PROGRESS_SECONDS:
                reported = now
                self._say(
                    f"{now - begin:4.0f} s  {client:12} {len(waits) - first} votes  "
                    f"p99 {p99(waits[first:]) * 1000:.0f} ms "
                    f"(calm {p99(waits[calm:first]) * 1000:.0f})  most memory (MB): "
                    + ", ".join(
                        f"{name} {part.memory:.0f}"
                        for name, part in taken.items()
                        if name in self._system.services
                    )
                )
        return taken

    async def _not_ready(self) -> list[str]:
        """Return which services are not ready although the client has ended."""
        end, found = time.monotonic() + _READY_SECONDS, ["?"]
        while found and time.monotonic() < end:
            found = await asyncio.to_thread(self._probe_services)
            await asyncio.sleep(_SAMPLE_SECONDS)
        return found

    def _probe_services(self) -> list[str]:
        found = []
        for service in self._system.services.values():
            try:
                service.probe()
            except (NotReadyError, OSError) as error:
                found.append(f"{service.name} is not ready: {error}")
        return found

    async def _catch_up(self, watch: Watch, client: str) -> None:
        begin = time.monotonic()
        try:
            after = await watch.recovered(begin, _CATCH_UP_SECONDS) - begin
            self._say(f"{client}: done; all votes counted {after:.1f} s later")
        except NotRecoveredError as error:
            self._say(f"{client}: done, but some votes are not counted yet: {error}")

    def _add_acknowledged(self, record: AttackRecord) -> None:
        """Add the votes acknowledged to a hostile client: they must count, too."""
        now = time.monotonic()
        for vote_id, route in record.acknowledged:
            self._voters.sent_votes.acknowledged[vote_id] = Acknowledgement(now, route)

    @property
    def _refused(self) -> Counter[str]:
        sent_votes = self._voters.sent_votes
        return sent_votes.refusals + sent_votes.wrong_answers
