import asyncio
from typing import Any

import pytest

from voting.casting.ballot_memory import BallotMemory, VotedBeforeError
from voting.casting.sink import OnResult, UnavailableError, cast_vote
from voting.domain.vote import Vote, new_vote_id
from voting.polls.known_polls import KnownPolls
from voting.testing.examples import vote_with
from voting.testing.polls import POLL, PollLog
from voting.voters.rules import VoterRules

RULES = VoterRules(scope="awards", key=1)


class Sink:
    """A `VoteSink` that keeps what it gets and fails on request."""

    def __init__(self) -> None:
        self.votes: list[Vote] = []
        self.error: UnavailableError | None = None

    def new_id(self) -> str:
        return new_vote_id(0)

    def cast(self, vote: Vote, _traceparent: str | None, on_result: OnResult) -> None:
        self.votes.append(vote)
        asyncio.get_running_loop().call_soon(on_result, self.error)


@pytest.fixture
def sink() -> Sink:
    return Sink()


def memory(sink: Sink, ballots_max: int = 10, rules: VoterRules | None = RULES) -> BallotMemory:
    log = PollLog()
    log.define(1, voters=rules)
    known = KnownPolls()
    known.book = log.book
    return BallotMemory(sink, known, ballots_max)


def ballot(number: int = 1, **fields: Any) -> Vote:
    vote_id = f"00000000-0000-8000-8000-{number:012x}"
    in_poll = {"id": vote_id, "poll": POLL, "entry": "moon", "poll_event": 1}
    return vote_with(**(in_poll | fields))


async def test_the_same_vote_again_is_accepted_and_not_written_again(sink: Sink) -> None:
    ballots = memory(sink)
    await cast_vote(ballots, ballot())
    await cast_vote(ballots, ballot(cast_at_ms=2_000_000_000_000))
    assert sink.votes == [ballot()]


@pytest.mark.parametrize("other", [{"entry": "blue"}, {"rank": 1}])
async def test_another_vote_of_the_same_voter_is_refused(sink: Sink, other: dict[str, Any]) -> None:
    ballots = memory(sink)
    await cast_vote(ballots, ballot())
    with pytest.raises(VotedBeforeError) as caught:
        cast_vote(ballots, ballot(**other, cast_at_ms=2_000_000_000_000))
    assert caught.value.at_ms == ballot().cast_at_ms
    assert sink.votes == [ballot()]


async def test_a_vote_that_was_not_accepted_may_be_changed(sink: Sink) -> None:
    ballots = memory(sink)
    sink.error = UnavailableError("away")
    with pytest.raises(UnavailableError):
        await cast_vote(ballots, ballot())
    sink.error = None
    await cast_vote(ballots, ballot(rank=1))
    assert len(sink.votes) == 2


async def test_the_oldest_votes_are_forgotten(sink: Sink) -> None:
    ballots = memory(sink, ballots_max=2)
    for number in (1, 2, 3):
        await cast_vote(ballots, ballot(number))
    await cast_vote(ballots, ballot(3, cast_at_ms=1))
    assert len(sink.votes) == 3
    await cast_vote(ballots, ballot(1, rank=1))
    assert len(sink.votes) == 4


async def test_votes_without_voters_pass(sink: Sink) -> None:
    ballots = memory(sink, rules=None)
    for _ in range(2):
        await cast_vote(ballots, ballot(rank=1))
        await cast_vote(ballots, ballot(rank=2))
        await cast_vote(ballots, vote_with())
    assert len(sink.votes) == 6
