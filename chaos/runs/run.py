"""One run: faults one after the other while people vote, then the check.

Some of the votes are in polls that open and close all the time: one closes in the middle of each
fault.
"""

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, NamedTuple

from chaos.faults.fault import Fault, FaultFailedError, Scene
from chaos.runs.watch import NotRecoveredError, Watch
from harness.organisers.organiser import Organiser
from harness.organisers.poll_officials import PollOfficials
from harness.organisers.poll_schedule import PollSchedule
from harness.processes.waiting import until
from harness.promise.check import Violation, violations
from harness.promise.ledger_reader import read_results
from harness.promise.stores_reader import Contents, StoresReader, open_stores_reader
from harness.promise.trees_reader import read_trees
from harness.system.weakened import CLOCKS_MS, CONSUMERS, WeakenedSystem
from harness.voters.sent_votes import SentVotes
from harness.voters.voters import Voters
from voting.service.clock_watch import now_ms

_RECOVERY_SECONDS: Final = 120.0
_REREAD_VOTES_PER_SECOND: Final = 250.0  # a dropped vote log is rebuilt from the whole ledger
_QUIET_SECONDS: Final = 180.0
_LONGEST_CALM_SECONDS: Final = 1.0
_POLL_PERIOD_SECONDS: Final = 3.0
_BEFORE_END_SECONDS: Final = 1.5  # at most, before a poll closes: then a fault begins
_CUT_SECONDS: Final = 60.0
_PUBLISH_SECONDS: Final = 300.0


class Round(NamedTuple):
    """One injection: the longest time (s) without an acknowledged vote, and that to recovery."""

    name: str
    fault: Fault
    longest_gap: float
    recovery: float


@dataclass
class RunOutcome:
    """What a run found."""

    rounds: list[Round]
    sent_votes: SentVotes
    contents: Contents
    violations: list[Violation]
    ended: dict[str, int]


class Run:
    """Faults against a running system."""

    def __init__(
        self,
        system: WeakenedSystem,
        rate: float,
        random: Random,
        say: Callable[[str], None],
        *,
        long: bool,
    ) -> None:
        """`rate` is in votes per second; `say` takes lines of progress."""
        self._system = system
        self._rate = rate
        self._random = random
        self._say = say
        self._long = long
        entry = system.entry
        self._voters = Voters(entry.host, entry.port, rate, random)
        self._organisers = [
            Organiser(service.url, system.organiser_token) for service in system.poll_services
        ]
        self._schedule = PollSchedule(
            self._organisers, _POLL_PERIOD_SECONDS, CLOCKS_MS, system.voter_keys
        )
        self._voters.polls = self._schedule.polls
        self._colleagues = [
            Organiser(service.url, system.colleague_token) for service in system.poll_services
        ]
        self._officials = PollOfficials(self._organisers, self._colleagues, self._schedule.polls)

    async def run(
        self, faults: Sequence[Fault], seconds: float = math.inf, at_least: int = 0
    ) -> RunOutcome:
        """Inject faults, then check; stop early after `seconds`, but not before `at_least` faults.

        Raises NotRecoveredError or FaultFailedError when the system does not do what it must.
        """
        async with open_stores_reader(
            self._system.bootstrap_servers, self._system.redis.url, self._system.mongodb.url
        ) as reader:
            watch = Watch(
                self._system, reader, self._voters.sent_votes, lag=max(50, int(self._rate))
            )
            tasks = [
                asyncio.create_task(self._schedule.run()),
                asyncio.create_task(self._officials.run()),
            ]
            try:
                outcome = await self._run(faults, seconds, at_least, reader, watch)
            finally:
                for task in tasks:
                    task.cancel()
                ended = await asyncio.gather(*tasks, return_exceptions=True)
                errors = [error for error in ended if isinstance(error, Exception)]
                for error in errors:
                    self._say(f"ended before the run: {error!r}")
                await self._voters.stop()
                self._voters.close()
                for organiser in (*self._organisers, *self._colleagues):
                    organiser.close_connections()
            if errors:
                raise errors[0]
            return outcome

    async def _run(
        self,
        faults: Sequence[Fault],
        seconds: float,
        at_least: int,
        reader: StoresReader,
        watch: Watch,
    ) -> RunOutcome:
        begin, rounds = time.monotonic(), list[Round]()
        self._voters.start()
        await watch.recovered(begin, _RECOVERY_SECONDS)
        for number, fault in enumerate(faults, 1):
            if number > at_least and time.monotonic() - begin > seconds:
                break
            self._voters.round = f"{number:03d} {fault.name}"
            rounds.append(await self._round(fault, watch))
            elapsed = time.monotonic() - begin
            self._say(
                f"{elapsed:6.0f} s  {self._voters.round:30} "
                f"gap {rounds[-1].longest_gap:5.1f} s  recovery {rounds[-1].recovery:5.1f} s  "
                f"{len(self._voters.sent_votes.acknowledged)} votes"
            )
            await asyncio.sleep(self._random.random() * _LONGEST_CALM_SECONDS)
        await self._voters.stop()
        stopped_ms = now_ms()
        await watch.cut(stopped_ms, _CUT_SECONDS)
        await watch.in_step(_QUIET_SECONDS)
        await self._all_published(stopped_ms)
        contents = await reader.contents()
        results = await read_results(self._system.bootstrap_servers)
        ends = {number: len(leaves) for number, leaves in contents.ledger.leaves.items()}
        notary, key = self._system.services["svc_notary"], self._system.signing_key.verifier
        trees = await read_trees(notary.url, key, ends)
        contents = contents._replace(trees=trees, results=results)
        found = violations(self._voters.sent_votes, contents) + _ended(watch)
        return RunOutcome(rounds, self._voters.sent_votes, contents, found, dict(watch.ended))

    async def _all_published(self, opened_by_ms: int) -> None:
        """Return when the results of the polls that people voted in are published."""

        async def are_published() -> bool:
            return not self._officials.unpublished(opened_by_ms)

        await until(
            are_published,
            lambda: f"not published: {self._officials.describe_unpublished(opened_by_ms)}",
            _PUBLISH_SECONDS,
            error=NotRecoveredError,
        )

    async def _round(self, fault: Fault, watch: Watch) -> Round:
        if fault.idle:
            await self._voters.stop()
            await watch.in_step(_QUIET_SECONDS)
        await self._until_a_poll_closes_soon()
        scene = Scene(
            self._system,
            self._random,
            self._long,
            self._schedule,
            self._organisers,
            self._voters.sent_votes,
        )
        begin = time.monotonic()
        await _inject(fault, scene)
        recovery_started = scene.recovery_started_at or time.monotonic()
        votes = len(self._voters.sent_votes.acknowledged)
        limit = _RECOVERY_SECONDS + votes / _REREAD_VOTES_PER_SECOND
        try:
            if fault.idle:
                recovered = await watch.in_step(limit)
                self._voters.start()
                await watch.recovered(recovered, _RECOVERY_SECONDS)
                gap = 0.0
            else:
                recovered = await watch.recovered(recovery_started, limit)
                gap = self._voters.sent_votes.longest_gap(begin, recovered)
        except NotRecoveredError as error:
            raise NotRecoveredError(f"after {self._voters.round}: {error}") from error
        return Round(self._voters.round, fault, gap, recovered - recovery_started)

    async def _until_a_poll_closes_soon(self) -> None:
        before_ms = 1000 * _BEFORE_END_SECONDS * self._random.random()
        now = now_ms()
        end_ms = self._schedule.next_end_ms(now + round(before_ms))
        if end_ms is not None:
            await asyncio.sleep((end_ms - before_ms - now) / 1000)


def _ended(watch: Watch) -> list[Violation]:
    """Return what ended although nobody killed it; a consumer that is stuck ends on purpose."""
    unexpected = [name for name in watch.ended.elements() if name not in CONSUMERS]
    return [Violation("ended by itself", len(unexpected), unexpected)] if unexpected else []


async def _inject(fault: Fault, scene: Scene) -> None:
    """Inject a fault in a thread; end it properly when this task is cancelled."""
    work = asyncio.create_task(asyncio.to_thread(fault.inject, scene))
    try:
        async with asyncio.timeout(fault.limit_seconds):
            await asyncio.shield(work)
    except asyncio.CancelledError:
        await _break_off(scene, work)
        raise
    except TimeoutError as error:
        if work.done():
            raise  # the fault's own
        await _break_off(scene, work)
        raise FaultFailedError(f"{fault.name} took more than {fault.limit_seconds:g} s") from error


async def _break_off(scene: Scene, work: asyncio.Task[None]) -> None:
    scene.interrupted.set()
    await asyncio.gather(work, return_exceptions=True)  # its errors no longer matter
