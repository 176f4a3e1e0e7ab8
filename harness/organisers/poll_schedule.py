"""Polls that open and close one after the other, whatever happens to the system meanwhile."""

import asyncio
from collections.abc import Sequence
from itertools import count, cycle
from typing import Final

from harness.organisers.organiser import ENTRIES, Organiser, OrganiserError
from harness.voters.poll_window import PollWindow
from voting.polls.book import LEAD_MS, POLLS_MAX
from voting.service.clock_watch import now_ms

_OPEN_MS: Final = 4_000
_AHEAD_MS: Final = 45_000  # as long as svc_polls may be away without a gap between the polls
_LATEST_MS: Final = LEAD_MS + 1_000
_OTHERS: Final = 100  # polls that are not of the schedule
_PAUSE_SECONDS: Final = 0.25


class PollSchedule:
    """Defines polls ahead of time, at any instance of svc_polls that does it.

    `polls` are those that were defined for certain, in the order in which they close.
    """

    def __init__(
        self, organisers: Sequence[Organiser], period_seconds: float, clocks_ms: int = 0
    ) -> None:
        """Open a poll every `period_seconds`; clocks of routes may differ by `clocks_ms`."""
        self.polls: list[PollWindow] = []
        self._organisers = cycle(organisers)
        self._period_ms = round(period_seconds * 1000)
        self._clocks_ms = clocks_ms

    async def run(self) -> None:
        """Define polls until cancelled, or until there can be no more."""
        first_ms = now_ms() + _LATEST_MS + 1_000
        for number in count():
            if number >= POLLS_MAX - _OTHERS:
                return
            opens_at_ms = first_ms + number * self._period_ms
            await asyncio.sleep(max(0, opens_at_ms - _AHEAD_MS - now_ms()) / 1000)
            poll = PollWindow(
                f"scheduled-{number}", ENTRIES, opens_at_ms, opens_at_ms + _OPEN_MS, self._clocks_ms
            )
            if await self._define(poll):
                self.polls.append(poll)

    def next_end_ms(self, after_ms: int) -> int | None:
        """Return when the next poll closes; None if none is known to do so."""
        ends = [poll.closes_at_ms or 0 for poll in self.polls[-_OTHERS:]]
        return min((end for end in ends if end > after_ms), default=None)

    async def _define(self, poll: PollWindow) -> bool:
        """Try to define a poll while there is time; return whether it is defined."""
        while now_ms() < poll.opens_at_ms - _LATEST_MS:
            try:
                await asyncio.to_thread(_define, next(self._organisers), poll)
            except OrganiserError:
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return True
        return False


def _define(organiser: Organiser, poll: PollWindow) -> None:
    # An attempt without an answer may have defined it.
    if organiser.look(poll.id) is None:
        organiser.define(poll.id, poll.opens_at_ms, poll.closes_at_ms)
