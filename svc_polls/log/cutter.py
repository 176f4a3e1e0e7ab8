"""Cuts closed polls: writes to the log of polls where their votes end."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Protocol

from svc_polls.log.writer import ConditionFailedError, LogUnavailableError, UnknownFateError
from svc_polls.tokens import OWN_NAME
from voting.ledger.errors import EndsUnknownError
from voting.polls.book import Recorded
from voting.polls.event import Change, Cut
from voting.polls.known_polls import KnownPolls
from voting.polls.poll import Poll, RefusedChangeError
from voting.service.backoff import Backoff

_log = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS: Final = 0.5
# A poll that is closed early is settled only seconds later, so looking this often misses none.
_LOOK_SECONDS: Final = 2.0
_SOON_SECONDS: Final = 0.05
_LONGEST_PAUSE_SECONDS: Final = 10.0

_KAFKA_AWAY: Final = (EndsUnknownError, LogUnavailableError, UnknownFateError)


class Ends(Protocol):
    """Reads where the votes of all partitions end."""

    async def read(self) -> tuple[int, ...]:
        """Return an offset for each partition; raise `EndsUnknownError`."""


class EventWriter(Protocol):
    """Writes to the log of polls, as `PollLogWriter` does."""

    async def write(
        self, author: str, poll: str, change: Change, expected: int | None = None
    ) -> Recorded:
        """Write an event and return it as it stands."""


class Cutter:
    """Cuts each closed poll as soon as no route can accept a vote in it any more.

    Every instance of svc_polls does so, and none depends on another: the first cut stands.
    """

    def __init__(
        self, known: KnownPolls, ends: Ends, writer: EventWriter, clock: Callable[[], int]
    ) -> None:
        self._known = known
        self._ends = ends
        self._writer = writer
        self._clock = clock
        self._pauses = Backoff(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        self._trouble: str | None = None

    async def run(self) -> None:
        """Cut polls until cancelled; while Kafka is away, try again after growing pauses."""
        while True:
            if await self.cut_what_is_due():
                self._pauses.reset()
                await asyncio.sleep(self.rest_seconds())
            else:
                await asyncio.sleep(self._pauses.pause())

    def rest_seconds(self) -> float:
        """Return how long to wait before a poll may be due."""
        now = self._clock()
        settled = [poll.settled_at_ms for poll in uncut_polls(self._known)]
        rests = [(at - now) / 1000 for at in settled if at is not None]
        return max(_SOON_SECONDS, min([_LOOK_SECONDS, *rests]))

    async def cut_what_is_due(self) -> bool:
        """Cut all polls that are settled now; return whether none is left."""
        done = True
        for poll in uncut_polls(self._known):
            if poll.settled_at_ms is None or self._clock() < poll.settled_at_ms:
                continue
            try:
                done &= await self._cut(poll)
            except _KAFKA_AWAY as error:
                self._failed(poll, str(error))
                return False
        return done

    async def _cut(self, poll: Poll) -> bool:
        """Cut a poll; return whether it is cut now, by whichever instance."""
        # Only now, after the time in which a vote may be accepted.
        ends = await self._ends.read()
        try:
            recorded = await self._writer.write(OWN_NAME, poll.id, Cut(ends), poll.event)
        except (ConditionFailedError, RefusedChangeError) as error:
            refusal: str | None = str(error)
        else:
            refusal = recorded.refusal
        if refusal is None:
            self._trouble = None
            _log.info(
                "poll %s is cut: its votes end at %s",
                poll.id,
                list(ends),
                extra={"poll": poll.id},
            )
        elif not self._is_cut(poll):
            self._failed(poll, refusal)
            return False
        return True

    def _is_cut(self, poll: Poll) -> bool:
        now = self._known.book.polls.get(poll.id)
        return now is not None and now.cut is not None

    def _failed(self, poll: Poll, reason: str) -> None:
        # Once per change: what is wrong may be wrong for hours.
        level = logging.DEBUG if self._trouble == reason else logging.WARNING
        _log.log(level, "cannot cut poll %s yet: %s", poll.id, reason, extra={"poll": poll.id})
        self._trouble = reason


def uncut_polls(known: KnownPolls) -> list[Poll]:
    """Return the polls that were opened, have an end and no cut; the first to end comes first."""
    found = [
        poll
        for poll in known.book.polls.values()
        if poll.cut is None and poll.opens_at_ms is not None and poll.closes_at_ms is not None
    ]
    return sorted(found, key=lambda poll: poll.settled_at_ms or 0)
