import pytest

from loadtest.command.poll import PollVoters
from loadtest.command.read_options import read_options
from loadtest.command.voters import NoVotersError, ballots_needed, voters_of
from loadtest.driver.electorate import VOTER_KEYS
from loadtest.model.phase import Voters
from voting.voters.keys import new_key

ONE_VOTE = PollVoters("awards", 1, per_entry=False)
SHORT = ("--poll", "final", "--rate", "10", "--duration", "10", "--warm-up", "0")


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VOTER_KEYS, f"{new_key(1)},{new_key(7)}")


def test_a_poll_without_voters_needs_none() -> None:
    assert voters_of(read_options(SHORT), None) is None
    with pytest.raises(NoVotersError, match="poll final needs no voters' tokens"):
        voters_of(read_options([*SHORT, "--voters", "9"]), None)


def test_voters_have_as_many_votes_as_the_poll_says() -> None:
    options = read_options([*SHORT, "--voters", "1000", "--voter-key", "7"])
    found = voters_of(options, PollVoters("awards", 3, per_entry=False))
    assert found == Voters(scope="awards", key=7, votes=3, per_entry=False, ballots=3000)


def test_as_many_as_are_needed_are_enough() -> None:
    # Each route alone for 10 s, and the split for 5.
    assert ballots_needed(read_options(SHORT)) == 275
    # Each route alone for 10 s at 10/s, and for 10 s at 20/s.
    assert ballots_needed(read_options([*SHORT, "--sweep", "10,20"])) == 660
    options = read_options([*SHORT, "--voters", "274"])
    with pytest.raises(NoVotersError, match="274 have 274 votes, and about 275 are cast"):
        voters_of(options, ONE_VOTE)
    assert voters_of(read_options([*SHORT, "--voters", "275"]), ONE_VOTE) is not None


def test_without_a_rate_nobody_knows_how_many_are_needed() -> None:
    for more in (["--ramp"], ["--arrivals", "closed"]):
        assert ballots_needed(read_options([*SHORT, *more])) == 0


@pytest.mark.parametrize(
    ("options", "keys", "reason"),
    [
        ((), "", "needs voters' tokens: give --voters N and set VOTER_KEYS"),
        (("--voters", "1000"), "", "--voter-key: VOTER_KEYS has no key 1"),
        (("--voters", "1000"), "1:short", "VOTER_KEYS: key 1 must be 32 bytes"),
    ],
)
def test_what_is_missing_is_named(
    options: tuple[str, ...], keys: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VOTER_KEYS, keys)
    with pytest.raises(NoVotersError, match=reason):
        voters_of(read_options([*SHORT, *options]), ONE_VOTE)
