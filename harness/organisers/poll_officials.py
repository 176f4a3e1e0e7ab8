"""Two people who rule votes out of polls while they are open, and publish each result."""

import asyncio
from collections.abc import Sequence
from itertools import cycle
from typing import Any, Final

from harness.organisers.organiser import Organiser, OrganiserError
from harness.voters.poll_window import PollWindow
from voting.domain.times import to_rfc3339
from voting.polls.ruling import RulingState
from voting.service.clock_watch import now_ms

_PAUSE_SECONDS: Final = 0.5
_AFTER_MS: Final = 2_000  # how long after its opening a poll gets a ruling
_RULED_MS: Final = 1_000


class PollOfficials:
    """Attends to polls until their results are published; goes on whatever fails meanwhile.

    Of three polls in a row one has no ruling, in one a class of voters or a time is ruled out, and
    in one a time, which is lifted again.
    """

    def __init__(
        self,
        proposers: Sequence[Organiser],
        approvers: Sequence[Organiser],
        polls: Sequence[PollWindow],
    ) -> None:
        """`proposers` and `approvers` ask the same instances, for two people."""
        self._proposers = cycle(proposers)
        self._approvers = cycle(approvers)
        self._polls = polls
        self._published: set[str] = set()
        self._seen: dict[str, str] = {}

    async def run(self) -> None:
        """Attend until cancelled."""
        while True:
            await self.attend()
            await asyncio.sleep(_PAUSE_SECONDS)

    def unpublished(self, opened_by_ms: int) -> list[str]:
        """Return the polls that had opened by then and whose results are not published yet."""
        return [
            poll.id
            for poll in self._polls
            if poll.closes_at_ms is not None
            and poll.opens_at_ms <= opened_by_ms
            and poll.id not in self._published
        ]

    def describe_unpublished(self, opened_by_ms: int) -> str:
        """Return the ids of these polls, each with what was last seen of it."""
        polls = self.unpublished(opened_by_ms)
        return "; ".join(f"{poll} ({self._seen.get(poll, 'nothing seen')})" for poll in polls)

    async def attend(self) -> None:
        """Do what is due now."""
        due = self.unpublished(now_ms() - _AFTER_MS)
        opened = [(number, poll) for number, poll in enumerate(self._polls) if poll.id in due]
        for number, poll in opened:
            try:
                if await asyncio.to_thread(self._attend, number, poll):
                    self._published.add(poll.id)
            except OrganiserError as error:  # svc_polls is away, or somebody was faster
                self._seen[poll.id] = str(error)

    def _attend(self, number: int, poll: PollWindow) -> bool:
        proposer, approver = next(self._proposers), next(self._approvers)
        state = proposer.look(poll.id)
        if state is None or state["published"]:
            return state is not None
        # Without the number that was seen, a change of unknown fate could take effect twice.
        event: int = state["event"]
        rulings: list[dict[str, Any]] = state["rulings"]
        for one in rulings:
            if one["state"] == RulingState.PROPOSED:
                approver.approve(poll.id, one["number"])
                return False
        in_force = [one for one in rulings if one["state"] == RulingState.IN_FORCE]
        if number % 3 and not rulings:
            proposer.rule(poll.id, "Made by a program", event, **_selection(number, poll))
        elif number % 3 == 2 and len(rulings) == len(in_force) == 1:
            proposer.rule(poll.id, "They were people", event, lifts=in_force[0]["number"])
        elif state["cut"] is not None:
            self._seen[poll.id] = proposer.publication(poll.id)
            proposer.begin_to_publish(poll.id)
        return False


def _selection(number: int, poll: PollWindow) -> dict[str, Any]:
    if number % 3 == 1 and poll.holders is not None:
        return {"voter_class": poll.holders.rules.classes[-1].name}
    begin = poll.opens_at_ms
    return {"between": {"from": to_rfc3339(begin), "until": to_rfc3339(begin + _RULED_MS)}}
