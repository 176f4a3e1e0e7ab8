"""Waits until the consumer has brought the votes into the log and the tally."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

import msgspec

from loadtest.answer import Outcome
from loadtest.cast_votes import CastVotes
from loadtest.findings import Reconciliation
from loadtest.reconciliation import Log, Tallies, reconcile

_POLL: Final = 0.25  # seconds
_LONGEST: Final = 20  # times the patience: then waiting ends even when there is progress


class Waiting(msgspec.Struct, frozen=True):
    """How the waiting stands: votes in the log that were not there before, and votes expected."""

    in_log: int
    expected: int
    in_tally: int


class CatchUp:
    """One waiting, bounded: it ends after `patience` seconds without progress."""

    def __init__(
        self, log: Log, tallies: Tallies, patience: float, on_progress: Callable[[Waiting], None]
    ) -> None:
        self._log = log
        self._tallies = tallies
        self._patience = patience
        self._on_progress = on_progress

    async def reconcile(
        self, cast: CastVotes, votes_before: int, *, others_allowed: bool
    ) -> Reconciliation:
        """Wait for the consumer, then return the reconciliation.

        Counts alone do not tell whose votes came in, so a vote that is missing afterwards is
        waited for again, as long as fewer are missing each time.
        """
        begin = time.monotonic()
        caught_up = await self._wait_for_counts(cast.count(Outcome.ACCEPTED), votes_before)
        missing: int | None = None
        while True:
            found = await reconcile(
                cast,
                self._log,
                self._tallies,
                votes_before=votes_before,
                others_allowed=others_allowed,
            )
            waited = time.monotonic() - begin
            if found.lost.count == 0 and found.difference_count == 0:
                return msgspec.structs.replace(found, caught_up_after=waited)
            if not caught_up or found.lost.count == missing or self._too_long(waited):
                return found
            missing = found.lost.count
            await asyncio.sleep(self._patience)

    async def _wait_for_counts(self, accepted: int, votes_before: int) -> bool:
        begin = last_progress = time.monotonic()
        best: int | None = None
        while True:
            in_log = await self._log.count()
            in_tally = (await self._tallies.read()).votes
            waiting = Waiting(in_log - votes_before, accepted, in_tally - votes_before)
            self._on_progress(waiting)
            gap = max(0, accepted - waiting.in_log) + abs(in_log - in_tally)
            now = time.monotonic()
            if gap == 0:
                return True
            if best is None or gap < best:
                best, last_progress = gap, now
            if now - last_progress > self._patience or self._too_long(now - begin):
                return False
            await asyncio.sleep(_POLL)

    def _too_long(self, waited: float) -> bool:
        return waited > self._patience * _LONGEST
