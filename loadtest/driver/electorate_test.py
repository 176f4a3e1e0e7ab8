import pytest

from loadtest.driver.electorate import VOTER_KEYS, Electorate, NoVoterLeftError, new_run
from loadtest.model.phase import Voters
from voting.testing.polls import KEYS, SCOPE
from voting.testing.polls import VOTER_KEYS as EXAMPLE_KEYS
from voting.voters.ballots import PollVoters
from voting.voters.rules import VoterRules


def electorate(votes: int = 1, ballots: int = 6, *, per_entry: bool = False) -> Electorate:
    voters = Voters(
        scope=SCOPE, key=1, votes=votes, per_entry=per_entry, ballots=ballots, run=new_run()
    )
    return Electorate("final", voters)


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VOTER_KEYS, EXAMPLE_KEYS)


def test_each_ballot_is_another_voters_until_there_is_none_left() -> None:
    some = electorate(ballots=3)
    ballots = [some.ballot("moon") for _ in range(3)]
    assert len({ballot.voter for ballot in ballots}) == 3
    assert {ballot.slot for ballot in ballots} == {None}
    with pytest.raises(NoVoterLeftError, match="give more of them with --voters"):
        some.ballot("moon")


def test_a_voter_of_several_votes_casts_each_once() -> None:
    some = electorate(votes=3)
    ballots = [some.ballot("moon") for _ in range(6)]
    assert [ballot.slot for ballot in ballots] == [1, 2, 3, 1, 2, 3]
    assert len({ballot.voter for ballot in ballots}) == 2
    assert len({ballot.id for ballot in ballots}) == 6


def test_ids_are_those_that_the_routes_give() -> None:
    rules = VoterRules(scope=SCOPE, key=1, per_entry=True)
    route = PollVoters("final", rules, KEYS.scope_keys(1, SCOPE))
    ballot = electorate(per_entry=True).ballot("moon")
    assert route.ballot_id(ballot.voter, None, "moon") == (ballot.id, 0)


def test_voters_of_two_phases_are_never_the_same() -> None:
    assert electorate().ballot("moon").voter != electorate().ballot("moon").voter
