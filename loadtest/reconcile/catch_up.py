"""Waits until the consumer has brought the votes into the log and the tally."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

import msgspec

from loadtest.model.answer import Outcome
from loadtest.model.checks import Reconciliation
from loadtest.reconcile.cast_votes import CastVotes
from loadtest.reconcile.reconciliation import TallyReader, VoteLogReader, reconcile

_POLL_SECONDS: Final = 0.25
_LONGEST_WAIT: Final = 20  # times the patience: then the wait ends even if there is progress


class CatchUpProgress(msgspec.Struct, frozen=True):
    """The progress of the wait: votes in the log that are new, and votes expected."""

    in_log: int
    expected: int


class _Patience:
    """Lasts while a gap gets smaller, up to a limit."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._begin = self._last_progress = time.monotonic()
        self._smallest: int | None = None

    def lasts(self, gap: int) -> bool:
        """Return whether to wait on, given what is missing now."""
        now = time.monotonic()
        if self._smallest is None or gap < self._smallest:
            self._smallest, self._last_progress = gap, now
        stuck = now - self._last_progress > self._seconds
        return not stuck and now - self._begin < self._seconds * _LONGEST_WAIT


class CatchUp:
    """A bounded wait: it ends after `patience` seconds without progress."""

    def __init__(
        self,
        log: VoteLogReader,
        tallies: TallyReader,
        patience: float,
        on_progress: Callable[[CatchUpProgress], None],
    ) -> None:
        self._log = log
        self._tallies = tallies
        self._patience = patience
        self._on_progress = on_progress

    async def reconcile(
        self, cast: CastVotes, votes_before: int, *, others_allowed: bool
    ) -> Reconciliation:
        """Wait for the consumer, then return the reconciliation."""
        begin = time.monotonic()
        patience = _Patience(self._patience)
        caught_up = await self._wait_for_counts(cast.count(Outcome.ACCEPTED), votes_before)
        while True:
            found = await reconcile(
                cast,
                self._log,
                self._tallies,
                votes_before=votes_before,
                others_allowed=others_allowed,
            )
            gap = found.lost.count + found.difference_count
            if gap == 0:
                waited = time.monotonic() - begin
                return msgspec.structs.replace(found, caught_up_after=waited)
            # Counts do not show whose votes came in: ours may still be in flight.
            if not caught_up or not patience.lasts(gap):
                return found
            await asyncio.sleep(_POLL_SECONDS)

    async def _wait_for_counts(self, accepted: int, votes_before: int) -> bool:
        patience = _Patience(self._patience)
        while True:
            in_log = await self._log.count()
            in_tally = (await self._tallies.read()).votes
            self._on_progress(CatchUpProgress(in_log - votes_before, accepted))
            gap = max(0, accepted - (in_log - votes_before)) + abs(in_log - in_tally)
            if gap == 0:
                return True
            if not patience.lasts(gap):
                return False
            await asyncio.sleep(_POLL_SECONDS)
