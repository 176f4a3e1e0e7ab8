"""Counts, in the background and one at a time, what open proposals would take or give back.

Once Kafka's clocks are past a proposal, what it takes changes only by other rulings and by the cut.
So it is counted once for each of these, and kept.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple, Protocol

from voting.domain.tally import PollTally
from voting.ledger.errors import EndsUnknownError
from voting.polls.excluded import exclusion_version
from voting.polls.poll import SKEW_MS, Poll
from voting.polls.ruling import Lift, Ruling, RulingState, rulings_in_force
from voting.stores.errors import StoreUnavailableError
from voting.stores.poll_exclusion import RuledLog, taken_besides
from voting.stores.poll_result import NotFinalYetError
from voting.stores.tally_exclusion import PollStandings

_log = logging.getLogger(__name__)

# How long a request waits for a count; a short one is done by then.
_PATIENCE_SECONDS: Final = 2.0
# A poll of ten million votes takes 200 to 400 s (docs/results/2026-11-30-rulings.md).
_LONGEST_SECONDS: Final = 600.0
_KEPT_MAX: Final = 100

type Ends = Sequence[int]
"""For each partition of the ledger the offset behind its last record."""


class LiveTally(Protocol):
    """What is needed of the tally; `TallyReader` has it."""

    async def poll_standings(self, poll: str, keys: Sequence[str]) -> PollStandings:
        """See `TallyReader.poll_standings`."""
        ...


class Preview(NamedTuple):
    """What an open proposal would take, or a lift give back, and how many votes count now."""

    taken: PollTally
    counting: int


class NotCountedYetError(Exception):
    """It is being counted: ask again."""


class CannotPreviewError(Exception):
    """It cannot be known now; the text says why."""


class _State(NamedTuple):
    """What the votes that a proposal takes depend on, besides the proposal."""

    version: int
    cut: tuple[int, ...] | None


class _Count(NamedTuple):
    state: _State
    task: asyncio.Task[PollTally]


class RulingPreviews:
    """Previews of open proposals. No method changes anything in a store."""

    def __init__(
        self,
        log: RuledLog,
        tally: LiveTally,
        ledger_ends: Callable[[], Awaitable[Ends]],
        clock: Callable[[], int],
        *,
        patience_seconds: float = _PATIENCE_SECONDS,
        longest_seconds: float = _LONGEST_SECONDS,
    ) -> None:
        """`ledger_ends` asks Kafka, `clock` is Unix time in milliseconds."""
        self._log = log
        self._tally = tally
        self._ledger_ends = ledger_ends
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._longest_seconds = longest_seconds
        self._counts: dict[tuple[str, int], _Count] = {}
        self._turn = asyncio.Semaphore(1)

    async def of(self, poll: Poll, proposal: Ruling) -> Preview:
        """Return what an open proposal of the poll would do as of now.

        Raises `NotCountedYetError`, or `CannotPreviewError`.
        """
        ruling, others = _besides(poll, proposal)
        if self._clock() <= ruling.proposed_at_ms + SKEW_MS:
            raise NotCountedYetError  # a broker's clock may be behind
        task = self._counting(poll, proposal, ruling, others)
        await asyncio.wait([task], timeout=self._patience_seconds)
        if not task.done() or task.cancelled():
            raise NotCountedYetError
        try:
            return Preview(task.result(), await self._votes_now(poll))
        except TimeoutError as error:
            raise CannotPreviewError(f"counting took over {self._longest_seconds:g} s") from error
        except (EndsUnknownError, NotFinalYetError, StoreUnavailableError, ValueError) as error:
            raise CannotPreviewError(str(error)) from error

    async def close(self) -> None:
        """End what is under way."""
        tasks = [count.task for count in self._counts.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _counting(
        self, poll: Poll, proposal: Ruling, ruling: Ruling, others: Sequence[Ruling]
    ) -> asyncio.Task[PollTally]:
        """Return the task that counts, or has counted; a new one after a failure."""
        key = poll.id, proposal.number
        state = _State(exclusion_version(poll), poll.cut)
        known = self._counts.pop(key, None)
        if known is not None and known.state != state:
            known.task.cancel()
            known = None
        if known is None or _has_failed(known.task):
            task = asyncio.create_task(self._count(poll, ruling, others))
            task.add_done_callback(lambda done: _tell_failure(poll.id, proposal.number, done))
            known = _Count(state, task)
        self._counts[key] = known  # the last one
        if len(self._counts) > _KEPT_MAX:
            self._counts.pop(next(iter(self._counts))).task.cancel()
        return known.task

    async def _count(self, poll: Poll, ruling: Ruling, others: Sequence[Ruling]) -> PollTally:
        async with self._turn, asyncio.timeout(self._longest_seconds):
            ends = await self._ledger_ends() if poll.cut is None else poll.cut
            return await taken_besides(self._log, poll.id, ends, ruling, others)

    async def _votes_now(self, poll: Poll) -> int:
        """Return how many votes of the poll count now, without those that rulings take."""
        standings = await self._tally.poll_standings(poll.id, ())
        if standings.exclusion.version < exclusion_version(poll):
            raise CannotPreviewError("the tally does not know all rulings yet")
        left = standings.counted.votes - standings.exclusion.excluded.total.votes
        if left < 0:
            raise CannotPreviewError("the tally is being filled again")
        return left


def _besides(poll: Poll, proposal: Ruling) -> tuple[Ruling, tuple[Ruling, ...]]:
    """Return a ruling and the others in force, besides which it would take, or takes, votes.

    Those that only the lifted ruling takes come back.
    """
    in_force = rulings_in_force(poll.rulings)
    if not isinstance(proposal.selection, Lift):
        return proposal, in_force
    lifted = poll.rulings[proposal.selection.ruling - 1]
    if lifted.state is not RulingState.IN_FORCE:
        raise CannotPreviewError(f"ruling {lifted.number} is not in force")
    return lifted, tuple(one for one in in_force if one.number != lifted.number)


def _has_failed(task: asyncio.Task[PollTally]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


def _tell_failure(poll: str, number: int, task: asyncio.Task[PollTally]) -> None:
    """Say in the log why nothing was counted: perhaps nobody waits for it any more."""
    if _has_failed(task) and not task.cancelled():
        _log.info(
            "ruling %d of poll %s has no preview: %s", number, poll, task.exception(),
            extra={"poll": poll},
        )  # fmt: skip
