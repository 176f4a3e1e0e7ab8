"""Everything that the audience can ask about polls."""

from dataclasses import dataclass, field

from svc_results.polls.followed_polls import FollowedPolls
from svc_results.polls.poll_answer import PollAnswer, poll_answer
from svc_results.polls.poll_counts import PollCounts
from svc_results.polls.poll_feeds import PollFeeds
from svc_results.polls.poll_state import ListedPoll, PollState, listed_poll, poll_state
from svc_results.polls.published_results import PublishedResults
from voting.polls.poll import Poll


class ResultNotShownError(Exception):
    """The result may not be seen now."""


class NotPublishedError(Exception):
    """There is no signed result yet."""


@dataclass
class Audience:
    """The polls, their counts and their streams."""

    polls: FollowedPolls
    counts: PollCounts
    feeds: PollFeeds
    published: PublishedResults = field(default_factory=PublishedResults)

    def state(self, poll: Poll) -> PollState:
        """Return what everybody may know of the poll."""
        return poll_state(poll, self.polls)

    def polls_on(self) -> list[ListedPoll]:
        """Return the polls that are open or open soon."""
        return [listed_poll(poll, self.polls.now_ms) for poll in self.polls.on()]

    async def result(self, poll: Poll) -> PollAnswer:
        """Return the poll's result; raise `ResultNotShownError` if it may not be seen.

        Raises `StoreUnavailableError` or `ValueError` if it cannot be read.
        """
        if not self.polls.shows_result(poll):
            raise ResultNotShownError
        return poll_answer(poll, await self.counts.read(poll), self.polls)

    def signed_result(self, poll: Poll) -> bytes:
        """Return the poll's published result as a signed note; its first line is the document.

        Raises `ResultNotShownError` if it may not be seen, or `NotPublishedError`.
        """
        if not self.polls.shows_result(poll):
            raise ResultNotShownError
        note = self.published.note(poll.id)
        if note is None:
            raise NotPublishedError
        return note
