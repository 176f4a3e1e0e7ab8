import pytest

from svc_results.polls.followed_polls import (
    LISTED_MAX,
    SOON_MS,
    PollsUnavailableError,
    UnknownPollError,
)
from svc_results.testing.polls import FakeAudience
from voting.polls.definition import ShowResult
from voting.polls.event import Change, Close, Cut, Open, Release
from voting.polls.poll import FRESH_MS, LEAD_MS
from voting.stores.logged_vote import LoggedVote, Place
from voting.testing.examples import vote_with
from voting.voters.rules import VoterClass, VoterRules

NOW = 100_000


def test_a_live_result_is_judged_as_of_the_last_proof() -> None:
    """Unread, an event before it froze may have put the poll under embargo."""
    audience = FakeAudience(NOW)
    audience.log.define(NOW, opens_at_ms=NOW + 20_000, poll="p")
    audience.clock[0] = NOW + 25_000
    poll = audience.polls.find("p")
    assert poll.is_open(audience.polls.now_ms)
    assert not audience.polls.shows_result(poll)
    audience.log.define(NOW + 1, opens_at_ms=NOW + 20_000, poll="p", show_result="on_close")
    audience.prove()
    assert not audience.polls.shows_result(audience.polls.find("p"))


def test_what_may_be_seen_stays_so_when_the_log_cannot_be_read() -> None:
    audience = FakeAudience(NOW)
    audience.log.define(NOW, poll="p")
    audience.log.append(Open(), NOW + 1, "p")
    audience.at(NOW + 2)
    audience.clock[0] += 1_000_000
    assert not audience.polls.current
    assert audience.polls.shows_result(audience.polls.find("p"))


@pytest.mark.parametrize("show_result", [ShowResult.ON_CLOSE, ShowResult.ON_RELEASE])
def test_a_result_is_shown_after_the_cut_or_the_release(show_result: ShowResult) -> None:
    audience, released = FakeAudience(NOW), show_result is ShowResult.ON_RELEASE
    log, at = audience.log, NOW
    log.define(at, poll="p", show_result=show_result)
    changes: list[Change] = [Open(), Close(None), Cut((1,)), *([Release()] if released else [])]
    for change in changes:
        assert not audience.polls.shows_result(audience.polls.find("p"))
        at += 60_000
        assert log.append(change, at, "p").refusal is None
        audience.at(at)
    assert audience.polls.shows_result(audience.polls.find("p"))


def test_a_vote_behind_the_cut_of_its_poll_does_not_count() -> None:
    audience = FakeAudience(NOW)
    log = audience.log
    log.define(NOW, poll="p")
    log.append(Open(), NOW + 1, "p")
    votes = [LoggedVote(vote_with(poll="p", entry="moon"), Place(1, n), NOW) for n in (4, 5)]
    assert [audience.polls.counts(vote) for vote in votes] == [True, True]
    for change, at in ((Close(None), NOW + 2), (Cut((0, 5)), NOW + 60_000)):
        assert log.append(change, at, "p").refusal is None
    audience.at(NOW + 60_000)
    assert [audience.polls.counts(vote) for vote in votes] == [True, False]
    assert audience.polls.counts(LoggedVote(vote_with(), Place(1, 5), NOW))


def test_a_vote_for_what_its_poll_does_not_have_does_not_count() -> None:
    audience = FakeAudience(NOW)
    jury = VoterRules(scope="s", key=1, classes=(VoterClass("audience"), VoterClass("jury", 4)))
    audience.log.define(NOW, poll="anybody")
    audience.log.define(NOW, poll="weighed", voters=jury)

    def told(**fields: object) -> tuple[str | None, bool]:
        vote = LoggedVote(vote_with(**fields), Place(0, 0), NOW)
        return audience.polls.class_name(vote.vote), audience.polls.counts(vote)

    assert told(poll="weighed", entry="moon", voter_class=4) == ("jury", True)
    assert told(poll="weighed", entry="moon") == ("audience", True)
    assert told(poll="weighed", entry="moon", voter_class=1) == (None, False)
    assert told(poll="weighed", entry="none", voter_class=4) == ("jury", False)
    assert told(poll="anybody", entry="moon") == (None, True)
    assert told(poll="anybody", entry="moon", voter_class=4) == (None, False)
    assert told() == (None, True)


def test_an_unknown_poll_does_not_exist_only_while_the_log_is_read() -> None:
    audience = FakeAudience(NOW)
    with pytest.raises(UnknownPollError):
        audience.polls.find("p")
    audience.clock[0] += FRESH_MS + 1
    with pytest.raises(PollsUnavailableError):
        audience.polls.find("p")


def test_polls_that_are_on_are_listed_without_rehearsals() -> None:
    audience = FakeAudience(NOW)
    soon = NOW + LEAD_MS

    def define(poll: str, opens: int | None, closes: int | None = None, **more: bool) -> None:
        audience.log.define(NOW, poll=poll, opens_at_ms=opens, closes_at_ms=closes, **more)

    define("by-hand", None)
    define("open-long", soon)
    define("open-short", soon, soon + 50_000)
    define("closed", soon, soon + 1)
    define("rehearsal", soon, rehearsal=True)
    define("later", soon + 60_000)
    define("tomorrow", soon + SOON_MS + 60_000)
    audience.at(soon + 10)
    assert [poll.id for poll in audience.polls.on()] == ["open-short", "open-long", "later"]
    for number in range(LISTED_MAX):
        define(f"more-{number}", soon + 60_000)
    assert len(audience.polls.on()) == LISTED_MAX
