"""Reads what is counted in a poll: from the tally while it may change, then once from the log."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Final, NamedTuple, Protocol

import msgspec
from msgspec import Meta

from svc_results.feed.metrics import READ_FAILURES, READ_SECONDS
from svc_results.feed.source import TIMEOUT_SECONDS
from svc_results.result.snapshot import Count
from voting.domain.tally import PollTally
from voting.polls.excluded import exclusion_version, net
from voting.polls.poll import Poll
from voting.polls.result import PollResult, counted_keys, poll_result
from voting.polls.ruling import rulings_in_force
from voting.stores.errors import StoreUnavailableError
from voting.stores.poll_result import NotFinalYetError
from voting.stores.tally_exclusion import NOTHING_EXCLUDED, Exclusion, PollStandings

_log = logging.getLogger(__name__)

# Results kept in memory, so that asking again does not mean reading again.
KEPT_MAX: Final = 100
CONCURRENT_READS: Final = 4
# How long a request waits for the final result before it gets the one so far.
PATIENCE_SECONDS: Final = 1.0
# The pause after an attempt to read the final result.
RETRY_SECONDS: Final = 1.0
_FINAL: Final = "final result"


class TalliedPolls(Protocol):
    """The tally as `TallyReader` reads polls from it."""

    async def poll_standings(self, poll: str, keys: Sequence[str]) -> PollStandings:
        """Return what is counted in a poll under these `entry_key`s, and what rulings take."""
        ...


type FinalStandings = Callable[[Poll], Awaitable[PollStandings]]


class CountedPoll(NamedTuple):
    """A poll's result, without the votes that rulings exclude, and whether it is final.

    A final result changes only by a ruling, until it is published. `exclusion` is what was left
    out; while its version is older than that of the poll, not all rulings have been applied.
    """

    result: PollResult
    final: bool
    exclusion: Exclusion = NOTHING_EXCLUDED


class RulingCount(msgspec.Struct, frozen=True):
    """A ruling that excludes votes from the result."""

    number: Annotated[int, Meta(ge=1, description="Its place among the rulings of the poll.")]
    reason: str
    votes: Annotated[
        Count | None, Meta(description="How many; null until it has been applied, in seconds.")
    ]


def excluded_votes(counted: CountedPoll) -> dict[str, int]:
    """Return how many votes rulings exclude of each entry, by its id."""
    total, classes = counted.exclusion.excluded.total, counted.result.classes
    return {
        one.entry.id: sum(total.of(one.entry.id, each.voter_class.number).votes for each in classes)
        for one in counted.result.entries
    }


def ruling_counts(poll: Poll, counted: CountedPoll) -> list[RulingCount]:
    """Return the rulings in force, in order of approval."""
    version, excluded = counted.exclusion
    applied = version >= exclusion_version(poll)
    return [
        RulingCount(
            one.number,
            one.reason,
            excluded.by_ruling.get(one.number, PollTally()).votes if applied else None,
        )
        for one in rulings_in_force(poll.rulings)
    ]


class PollCounts:
    """The counts of polls, each read at most once in `refresh_seconds` however many ask.

    Before the final result of a poll is known, it is read from the vote log, one poll at a time.
    """

    def __init__(
        self, tally: TalliedPolls, final_standings: FinalStandings, refresh_seconds: float
    ) -> None:
        self._tally = tally
        self._final_standings = final_standings
        self._refresh_seconds = refresh_seconds
        self._final: dict[str, CountedPoll] = {}
        self._recent: dict[str, tuple[float, CountedPoll]] = {}
        self._reading: dict[str, asyncio.Task[CountedPoll]] = {}
        self._finishing: dict[str, asyncio.Task[None]] = {}
        self._turn = asyncio.Semaphore(CONCURRENT_READS)
        self._finishing_turn = asyncio.Semaphore(1)
        READ_FAILURES.labels(_FINAL)
        READ_SECONDS.labels(_FINAL)

    async def read(self, poll: Poll, patience_seconds: float = PATIENCE_SECONDS) -> CountedPoll:
        """Return the poll's counts, at most `refresh_seconds` old.

        Waits `patience_seconds` for the final result, once there can be one.

        Raises `StoreUnavailableError`, also when it takes too long, or `ValueError` when what is
        stored is unreadable.
        """
        if poll.cut is not None:
            if self._finished(poll) is None:
                await self._try_to_finish(poll, patience_seconds)
            if (final := self._finished(poll)) is not None:
                return final
        kept = self._recent.get(poll.id)
        if kept is not None and time.monotonic() - kept[0] < self._refresh_seconds:
            return kept[1]
        task = self._reading.get(poll.id)
        if task is None:
            task = self._reading[poll.id] = asyncio.create_task(self._read_tally(poll))
            task.add_done_callback(lambda done: self._read(poll.id, done))
        # Several may wait for it, so the end of one's patience must not end the reading.
        return await asyncio.shield(task)

    async def close(self) -> None:
        """End all readings."""
        tasks = [*self._reading.values(), *self._finishing.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _finished(self, poll: Poll) -> CountedPoll | None:
        """Return the final result with all rulings that are known, if it was read."""
        found = self._final.get(poll.id)
        known = exclusion_version(poll)
        return None if found is None or found.exclusion.version < known else found

    def _read(self, poll_id: str, task: asyncio.Task[CountedPoll]) -> None:
        del self._reading[poll_id]
        if not task.cancelled() and task.exception() is None:
            _keep(self._recent, poll_id, (time.monotonic(), task.result()))

    async def _read_tally(self, poll: Poll) -> CountedPoll:
        keys = counted_keys(poll.definition)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS), self._turn:
                standings = await self._tally.poll_standings(poll.id, keys)
        except TimeoutError as error:
            raise StoreUnavailableError("Redis", error) from error
        return _counted(poll, standings, final=False)

    async def _try_to_finish(self, poll: Poll, patience_seconds: float) -> None:
        task = self._finishing.get(poll.id)
        if task is None and len(self._finishing) < KEPT_MAX:
            task = self._finishing[poll.id] = asyncio.create_task(self._finish(poll))
            task.add_done_callback(lambda _: self._finishing.pop(poll.id))
        if task is not None:
            await asyncio.wait([task], timeout=patience_seconds)

    async def _finish(self, poll: Poll) -> None:
        start = time.perf_counter()
        try:
            async with self._finishing_turn:
                counted = _counted(poll, await self._final_standings(poll), final=True)
        except (NotFinalYetError, StoreUnavailableError, ValueError) as error:
            READ_FAILURES.labels(_FINAL).inc()
            _log.info(
                "the final result of poll %s cannot be read yet: %s",
                poll.id,
                error,
                extra={"poll": poll.id},
            )
            await asyncio.sleep(RETRY_SECONDS)
            return
        READ_SECONDS.labels(_FINAL).observe(time.perf_counter() - start)
        _log.info(
            "the final result of poll %s: %d votes",
            poll.id,
            counted.result.votes,
            extra={"poll": poll.id},
        )
        _keep(self._final, poll.id, counted)


def _counted(poll: Poll, standings: PollStandings, *, final: bool) -> CountedPoll:
    left = net(standings.counted, standings.exclusion.excluded)
    return CountedPoll(poll_result(poll.definition, left), final, standings.exclusion)


def _keep[T](kept: dict[str, T], key: str, value: T) -> None:
    """Keep a value; beyond `KEPT_MAX` the one that was kept first goes."""
    kept.pop(key, None)
    kept[key] = value
    if len(kept) > KEPT_MAX:
        del kept[next(iter(kept))]
