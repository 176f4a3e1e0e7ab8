"""Polls that open and close one after the other, whatever happens to the system meanwhile."""

import asyncio
from collections.abc import Sequence
from itertools import count, cycle
from typing import Final

from harness.organisers.organiser import ENTRIES, Organiser, OrganiserError
from harness.system.system import VOTER_KEY
from harness.voters.poll_window import PollWindow
from harness.voters.ticket_holders import TWO_CLASSES, TicketHolders
from voting.polls.changes import POLLS_MAX
from voting.polls.poll import LEAD_MS
from voting.service.clock_watch import now_ms
from voting.voters.keys import MasterKeys

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
        self,
        organisers: Sequence[Organiser],
        period_seconds: float,
        clocks_ms: int,
        voter_keys: MasterKeys,
    ) -> None:
        """Open a poll every `period_seconds`; clocks of routes may differ by `clocks_ms`.

        In every second poll each voter needs a token and is of one of two classes.
        """
        self.polls: list[PollWindow] = []
        self._organisers = cycle(organisers)
        self._period_ms = round(period_seconds * 1000)
        self._clocks_ms = clocks_ms
        self._voter_keys = voter_keys

    async def run(self) -> None:
        """Define polls until cancelled, or until there can be no more."""
        first_ms = now_ms() + _LATEST_MS + 1_000
        for number in count():
            if number >= POLLS_MAX - _OTHERS:
                return
            opens_at_ms = first_ms + number * self._period_ms
            await asyncio.sleep(max(0, opens_at_ms - _AHEAD_MS - now_ms()) / 1000)
            poll = self._poll(number, opens_at_ms)
            if await self._define(poll):
                self.polls.append(poll)

    def _poll(self, number: int, opens_at_ms: int) -> PollWindow:
        name = f"scheduled-{number}"
        holders = None
        if number % 2:
            holders = TicketHolders(name, self._voter_keys, VOTER_KEY, TWO_CLASSES)
        closes_at_ms = opens_at_ms + _OPEN_MS
        return PollWindow(name, ENTRIES, opens_at_ms, closes_at_ms, self._clocks_ms, holders)

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
        rules = None if poll.holders is None else poll.holders.rules
        organiser.define(poll.id, poll.opens_at_ms, poll.closes_at_ms, voters=rules)
