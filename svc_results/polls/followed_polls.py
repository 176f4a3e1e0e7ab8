"""The polls as the log of polls has them, and what the audience may know of them now."""

from collections.abc import Callable
from typing import Final

from voting.domain.vote import Vote
from voting.polls.counting import counts_in
from voting.polls.known_polls import KnownPolls
from voting.polls.poll import Poll
from voting.service.clock_watch import now_ms as now
from voting.stores.logged_vote import LoggedVote

# A poll is announced on the page of the open poll so long before it opens.
SOON_MS: Final = 24 * 60 * 60 * 1000
LISTED_MAX: Final = 20


class UnknownPollError(Exception):
    """There is no such poll."""


class PollsUnavailableError(Exception):
    """The log of polls was not read lately, so it is not known whether there is such a poll."""


class FollowedPolls:
    """The polls that a reader of their log keeps in `known`.

    When the log cannot be read, or is halted, they stay as they were and `current` is False.
    """

    def __init__(self, known: KnownPolls, clock: Callable[[], int] = now) -> None:
        self._known = known
        self._clock = clock

    @property
    def now_ms(self) -> int:
        """The time, in Unix milliseconds."""
        return self._clock()

    @property
    def current(self) -> bool:
        """Whether no event is missing, as far as was known 10 seconds ago."""
        return self._known.is_fresh(self._clock())

    def find(self, poll_id: str) -> Poll:
        """Return a poll; raise `UnknownPollError`, or `PollsUnavailableError`."""
        poll = self._known.book.polls.get(poll_id)
        if poll is not None:
            return poll
        raise UnknownPollError if self.current else PollsUnavailableError

    def shows_result(self, poll: Poll) -> bool:
        """Whether the audience may see the result.

        That is asked as of the last proof that no event is missing: until it opens, a poll whose
        result is shown live may still become one whose result is not.
        """
        now_ms = self._clock()
        return poll.shows_result(now_ms - max(0, self._known.age_ms(now_ms)))

    def counts(self, logged: LoggedVote) -> bool:
        """Whether a vote of the vote log is in the result of its poll, as far as that is known.

        Every vote of the open poll is.
        """
        poll = self._known.book.polls.get(logged.vote.poll)
        return poll is None or counts_in(poll, logged.vote, *logged.place)

    def class_name(self, vote: Vote) -> str | None:
        """Return the name of a voter's class; None where anybody votes, or if it has none."""
        poll = self._known.book.polls.get(vote.poll)
        if poll is None or poll.definition.voters is None:
            return None
        classes = poll.definition.voters.classes
        return next((one.name for one in classes if one.number == vote.voter_class), None)

    def on(self) -> list[Poll]:
        """Return at most `LISTED_MAX` polls that are open or open soon, without rehearsals.

        First those that close first, then those that open first.
        """
        now_ms = self._clock()
        polls = [poll for poll in self._known.book.polls.values() if _is_on(poll, now_ms)]
        polls.sort(key=lambda poll: _order(poll, now_ms))
        return polls[:LISTED_MAX]


def _is_on(poll: Poll, now_ms: int) -> bool:
    if poll.definition.rehearsal or poll.is_closed(now_ms):
        return False
    return poll.opens_at_ms is not None and poll.opens_at_ms < now_ms + SOON_MS


def _order(poll: Poll, now_ms: int) -> tuple[bool, int, str]:
    if poll.is_open(now_ms):
        return False, poll.closes_at_ms or now_ms + SOON_MS, poll.id
    return True, poll.opens_at_ms or 0, poll.id
