"""Remembers the votes of voters that were accepted here: a second one gets a clear answer."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from voting.casting.sink import OnResult, VoteSink
from voting.domain.vote import InvalidVoteError, Vote
from voting.polls.known_polls import KnownPolls
from voting.voters.ballots import VoterProblem

BALLOTS_MAX: Final = 100_000


class VotedBeforeError(InvalidVoteError):
    """A vote of the same voter, cast at `at_ms`, was accepted here with other content.

    The first in Kafka counts: that one, or one that came by the other route before it.
    """

    def __init__(self, at_ms: int) -> None:
        super().__init__(
            "voter", "has voted before; the first vote counts", VoterProblem.VOTED_BEFORE
        )
        self.at_ms = at_ms


class _Accepted(msgspec.Struct, frozen=True, gc=False):
    entry: str
    rank: int
    cast_at_ms: int


class BallotMemory:
    """A `VoteSink` in front of another, for polls whose votes need voters' tokens.

    A vote that was accepted is accepted again without being written again; one with other content
    is refused. The oldest votes are forgotten: then the ids make the second a copy of the first, as
    they do for a vote that came by the other route.
    """

    def __init__(self, sink: VoteSink, polls: KnownPolls, ballots_max: int = BALLOTS_MAX) -> None:
        self._sink = sink
        self._polls = polls
        self._ballots_max = ballots_max
        self._accepted: dict[str, _Accepted] = {}
        # The first key of a dictionary that others were deleted from takes long to find.
        self._oldest_first: deque[str] = deque()
        self.new_id: Callable[[], str] = sink.new_id

    def cast(self, vote: Vote, traceparent: str | None, on_result: OnResult) -> None:
        """Take a vote as `VoteSink.cast` does; raises `VotedBeforeError`, too."""
        if not vote.poll or not self._polls.has_voters(vote.poll):
            self._sink.cast(vote, traceparent, on_result)
            return
        accepted = self._accepted.get(vote.id)
        if accepted is None:

            def on_first_result(error: BaseException | None) -> None:
                if error is None:
                    self._note(vote)
                on_result(error)

            self._sink.cast(vote, traceparent, on_first_result)
        elif (accepted.entry, accepted.rank) == (vote.entry, vote.rank):
            asyncio.get_running_loop().call_soon(on_result, None)
        else:
            raise VotedBeforeError(accepted.cast_at_ms)

    def _note(self, vote: Vote) -> None:
        if vote.id in self._accepted:
            return  # it was sent twice at a time
        self._accepted[vote.id] = _Accepted(vote.entry, vote.rank, vote.cast_at_ms)
        self._oldest_first.append(vote.id)
        if len(self._oldest_first) > self._ballots_max:
            del self._accepted[self._oldest_first.popleft()]
