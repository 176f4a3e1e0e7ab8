"""A poll as its voters know it, and which answers they may get in it."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from harness.voters.http_client import ClientAnswer
from harness.voters.ticket_holders import TicketHolders
from voting.polls.definition import Entry
from voting.polls.known_polls import RefusalKind
from voting.voters.ballots import VoterProblem

_VOTED_BEFORE_MS: Final = 300
_VOTED_AFTER_MS: Final = 2_000
_STALE: Final = "votes in polls cannot be accepted right now"


@dataclass
class PollWindow:
    """A poll that every route knows, or that no route takes votes in yet.

    Times are Unix times in milliseconds; `closes_at_ms` is None until the end is known. The clock
    of a route may differ from that of the voters by `clocks_ms`. Where there are `holders`, only
    they vote.
    """

    id: str
    entries: tuple[Entry, ...]
    opens_at_ms: int
    closes_at_ms: int | None = None
    clocks_ms: int = 0
    holders: TicketHolders | None = None

    def is_near(self, now_ms: int) -> bool:
        """Whether people vote in it: while it is open, and a moment too early or too late."""
        if now_ms < self.opens_at_ms - _VOTED_BEFORE_MS:
            return False
        return self.closes_at_ms is None or now_ms < self.closes_at_ms + _VOTED_AFTER_MS

    def wrong_answer(self, answer: ClientAnswer, sent_ms: int, answered_ms: int) -> str | None:
        """Return what is wrong with a 202 or 409 to a vote sent and answered at these times."""
        kind = answer.document.get("type")
        soonest = answered_ms + self.clocks_ms  # for each clock, read before the answer
        latest = sent_ms - self.clocks_ms  # for each clock, read after the vote was sent
        closes = self.closes_at_ms
        if answer.status == HTTPStatus.ACCEPTED:
            if closes is not None and latest >= closes:
                return f"202 for a vote sent {sent_ms - closes} ms after the end of {self.id}"
            if soonest < self.opens_at_ms:
                return f"202 before {self.id} was open"
        elif kind == VoterProblem.VOTED_BEFORE and self.holders is not None:
            pass  # whether they had is judged by who sent the vote
        elif kind == RefusalKind.CLOSED:
            if closes is None or soonest < closes:
                return f"'closed' before the end of {self.id}"
        elif kind == RefusalKind.NOT_OPEN:
            if latest >= self.opens_at_ms:
                return f"'not open yet' {sent_ms - self.opens_at_ms} ms after {self.id} was open"
        else:
            return f"409 of type {kind} in {self.id}"
        return None


def is_stale(answer: ClientAnswer) -> bool:
    """Return whether a route said that it does not know the newest events of polls."""
    detail = str(answer.document.get("detail", ""))
    return answer.status == HTTPStatus.SERVICE_UNAVAILABLE and detail.startswith(_STALE)
