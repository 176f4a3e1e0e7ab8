from typing import Any, Final

import pytest

from voting.polls.book import BrokenLogError
from voting.polls.changes import ALL_ENTRIES_MAX, POLLS_MAX, REVOKED_BATCHES_MAX
from voting.polls.definition import ShowResult
from voting.polls.event import (
    Approve,
    Close,
    Cut,
    Define,
    Open,
    Propose,
    Publish,
    Refuse,
    Release,
    Revoke,
    encode_event,
)
from voting.polls.poll import LEAD_MS, SKEW_MS, Poll
from voting.polls.ruling import Between
from voting.testing.polls import AUTHOR, DEFINITION, POLL, PollLog, entries, event, with_changes
from voting.voters.rules import VoterClass, VoterRules

NOW: Final = 1_764_000_000_000
OPENS: Final = NOW + 60_000
CLOSES: Final = OPENS + 60_000


@pytest.fixture
def log() -> PollLog:
    return PollLog()


def the_poll(log: PollLog) -> Poll:
    return log.book.polls[POLL]


def scheduled(log: PollLog, **fields: Any) -> Poll:
    recorded = log.define(NOW, opens_at_ms=OPENS, closes_at_ms=CLOSES, **fields)
    assert recorded.refusal is None
    return the_poll(log)


def test_a_scheduled_poll_is_open_from_its_beginning_to_its_end(log: PollLog) -> None:
    poll = scheduled(log)
    assert [poll.is_open(at) for at in (OPENS - 1, OPENS, CLOSES - 1, CLOSES)] == [
        False,
        True,
        True,
        False,
    ]
    assert [poll.is_closed(at) for at in (CLOSES - 1, CLOSES)] == [False, True]


def test_a_poll_opened_by_hand_opens_when_kafka_has_the_event(log: PollLog) -> None:
    log.define(NOW)
    assert not the_poll(log).is_open(NOW + 10**9)
    assert log.append(Open(), NOW + 5).refusal is None
    assert [the_poll(log).is_open(at) for at in (NOW + 4, NOW + 5)] == [False, True]
    assert log.append(Open(), NOW + 9).refusal == "it has been opened"


def test_a_poll_with_a_time_to_open_is_not_opened_by_hand(log: PollLog) -> None:
    scheduled(log)
    too_early = "it opens at its time: for another one, replace its definition"
    assert log.append(Open(), OPENS - 1).refusal == too_early
    assert log.append(Open(), OPENS).refusal == "it has been opened"


def test_a_poll_has_the_numbers_of_its_last_event_and_of_its_last_definition(log: PollLog) -> None:
    log.define(NOW, poll="another")
    log.define(NOW)
    assert (the_poll(log).defined, the_poll(log).event) == (2, 2)
    log.define(NOW, rank_max=5)
    assert log.define(NOW, rehearsal=True).refusal is not None
    log.append(Open(), NOW)
    assert (the_poll(log).defined, the_poll(log).event) == (3, 5)


@pytest.mark.parametrize(
    ("at_ms", "frozen"), [(OPENS - LEAD_MS, False), (OPENS - LEAD_MS + 1, True), (OPENS, True)]
)
def test_the_definition_is_frozen_once_a_route_may_act_on_it(
    log: PollLog, at_ms: int, frozen: bool
) -> None:
    before = scheduled(log)
    refusal = log.define(at_ms, opens_at_ms=OPENS + 60_000).refusal
    assert (refusal is not None) == frozen
    assert (the_poll(log) == before) == frozen


def test_a_poll_opens_at_the_soonest_when_every_route_knows_it(log: PollLog) -> None:
    refusal = log.define(NOW, opens_at_ms=NOW + LEAD_MS - 1).refusal
    assert refusal == "a poll opens 11 s after it was defined at the soonest"
    assert log.define(NOW, opens_at_ms=NOW + LEAD_MS).refusal is None


@pytest.mark.parametrize(
    ("at_ms", "closes_at_ms", "taken"),
    [
        (OPENS, OPENS + LEAD_MS, True),
        (OPENS, OPENS + LEAD_MS - 1, False),
        (OPENS - 1, CLOSES - 1, False),
        (CLOSES - LEAD_MS, CLOSES + 60_000, True),
        (CLOSES - LEAD_MS + 1, CLOSES + 60_000, False),
        (CLOSES - LEAD_MS + 1, None, False),
        (CLOSES + 1, CLOSES + 60_000, False),
    ],
)
def test_the_end_moves_only_while_every_route_can_know_it(
    log: PollLog, at_ms: int, closes_at_ms: int | None, taken: bool
) -> None:
    scheduled(log)
    assert (log.append(Close(closes_at_ms), at_ms).refusal is None) == taken
    assert the_poll(log).closes_at_ms == (closes_at_ms if taken else CLOSES)


def test_a_poll_closed_now_ends_as_soon_as_every_route_knows_it(log: PollLog) -> None:
    log.define(NOW)
    log.append(Open(), NOW)
    assert log.append(Close(None), NOW + 100).refusal is None
    assert the_poll(log).closes_at_ms == NOW + 100 + LEAD_MS


def test_a_poll_is_cut_once_no_route_accepts_its_votes(log: PollLog) -> None:
    poll = scheduled(log)
    settled = CLOSES + DEFINITION.answer_within_ms + SKEW_MS
    assert poll.settled_at_ms == settled
    assert log.append(Cut((3, 4)), settled - 1).refusal == "votes may still be accepted"
    assert log.append(Cut(()), settled).refusal is not None
    assert log.append(Cut((3, 4)), settled).refusal is None
    assert log.append(Cut((5, 6)), settled + 1).refusal == "it has been cut"
    assert the_poll(log).cut == (3, 4)


@pytest.mark.parametrize("show", ShowResult)
def test_the_result_is_shown_when_the_definition_says(log: PollLog, show: ShowResult) -> None:
    shown = [scheduled(log, show_result=show).shows_result(at) for at in (OPENS - 1, OPENS, CLOSES)]
    log.append(Cut((1,)), CLOSES + 60_000)
    shown.append(the_poll(log).shows_result(CLOSES + 60_000))
    log.append(Release(), CLOSES + 70_000)
    shown.append(the_poll(log).shows_result(CLOSES + 70_000))
    assert (
        shown
        == {
            ShowResult.LIVE: [False, True, True, True, True],
            ShowResult.ON_CLOSE: [False, False, False, True, True],
            ShowResult.ON_RELEASE: [False, False, False, False, True],
        }[show]
    )


def test_a_result_is_released_once_it_is_final(log: PollLog) -> None:
    scheduled(log, show_result=ShowResult.ON_RELEASE)
    assert log.append(Release(), CLOSES + 1).refusal == "its result is not final yet"
    log.append(Cut((1,)), CLOSES + 60_000)
    assert log.append(Release(), CLOSES + 60_001).refusal is None
    assert log.append(Release(), CLOSES + 60_002).refusal == "its result has been released"


def test_where_two_release_it_both_do_so_after_it_is_published(log: PollLog) -> None:
    scheduled(log, show_result=ShowResult.ON_RELEASE, releasers=2)
    log.append(Cut((1,)), CLOSES + 60_000)
    early = log.append(Release(), CLOSES + 60_001)
    assert early.refusal == "two people release it once its signed result is published"
    log.append(Publish(b"{}"), CLOSES + 60_002)
    assert log.append(Release(), CLOSES + 60_003).refusal is None
    assert log.append(Release(), CLOSES + 60_004).refusal == (
        "whoever has released it cannot do so again: another person must"
    )
    assert not the_poll(log).shows_result(CLOSES + 60_005)
    assert log.append(Release(), CLOSES + 60_006, author="rea").refusal is None
    assert the_poll(log).released_by == (AUTHOR, "rea")
    assert the_poll(log).shows_result(CLOSES + 60_007)
    again = log.append(Release(), CLOSES + 60_008, author="eva")
    assert again.refusal == "its result has been released"


def test_a_result_is_published_once_and_never_before_the_cut(log: PollLog) -> None:
    scheduled(log)
    first, second = Publish(b"{}\n\nsigned\n"), Publish(b"{1}\n\nsigned\n")
    assert log.append(first, CLOSES + 1).refusal == "its votes may not be complete yet"
    log.append(Cut((1,)), CLOSES + 60_000)
    assert log.append(Publish(b""), CLOSES + 60_000).refusal == "there is no result in it"
    assert the_poll(log).published is None
    recorded = log.append(first, CLOSES + 60_001)
    assert recorded.refusal is None
    assert the_poll(log).published == recorded.event.number
    for again in (first, second):
        assert log.append(again, CLOSES + 60_002).refusal == "its result has been published"
    assert the_poll(log).published == recorded.event.number


def test_tokens_are_taken_back_by_class_or_by_batch_for_good(log: PollLog) -> None:
    rules = VoterRules(scope="a", key=1, classes=(VoterClass("audience"), VoterClass("jury", 1)))
    scheduled(log, voters=rules)
    assert log.append(Revoke(voter_class=1), NOW).refusal is None
    assert log.append(Revoke(batch=7), OPENS).refusal is None
    assert the_poll(log).revoked_classes == {1}
    assert the_poll(log).revoked_batches == {7}
    again = "those tokens were taken back before"
    for revoke, refusal in (
        (Revoke(voter_class=1), again),
        (Revoke(batch=7), again),
        (Revoke(voter_class=2), "it has no such class of voters"),
        (Revoke(batch=0), "a batch has a number from 1 to 65535"),
        (Revoke(batch=65_536), "a batch has a number from 1 to 65535"),
    ):
        assert log.append(revoke, OPENS + 1).refusal == refusal
    assert the_poll(log).revoked_classes == {1}
    assert the_poll(log).revoked_batches == {7}


def test_only_so_many_batches_are_taken_back(log: PollLog) -> None:
    scheduled(log, voters=VoterRules(scope="a", key=1))
    for batch in range(1, REVOKED_BATCHES_MAX + 1):
        assert log.append(Revoke(batch=batch), NOW).refusal is None
    assert log.append(Revoke(batch=2_000), NOW).refusal == "1000 batches were taken back already"


def test_nothing_is_taken_back_where_it_would_change_nothing(log: PollLog) -> None:
    scheduled(log)
    assert log.append(Revoke(batch=1), NOW).refusal == "its votes need no token"
    scheduled(log, voters=VoterRules(scope="a", key=1))
    log.append(Cut((1,)), CLOSES + 60_000)
    assert log.append(Revoke(batch=1), CLOSES + 60_001).refusal == "its votes are counted"


def test_a_new_definition_gives_no_tokens_back(log: PollLog) -> None:
    scheduled(log, voters=VoterRules(scope="a", key=1))
    log.append(Revoke(batch=1), NOW)
    scheduled(log, voters=VoterRules(scope="b", key=1))
    assert the_poll(log).revoked_batches == {1}


def test_a_rehearsal_stays_one(log: PollLog) -> None:
    log.define(NOW, rehearsal=True)
    assert log.define(NOW + 1).refusal is not None
    assert log.define(NOW + 2, poll="copy").refusal is None


def test_changes_to_a_poll_that_does_not_exist_are_refused(log: PollLog) -> None:
    for change in (
        Open(),
        Close(None),
        Cut((1,)),
        Release(),
        Revoke(batch=1),
        Publish(b"{}"),
        Propose(Between(1, 2), "why"),
        Approve(1),
        Refuse(1),
    ):
        assert log.append(change, NOW).refusal == "there is no such poll"


@pytest.mark.parametrize(
    ("poll", "fields"),
    [("No Slug", {}), (POLL, {"entries": ()}), (POLL, {"entries": entries(501)})],
)
def test_a_definition_that_breaks_a_rule_is_refused(
    log: PollLog, poll: str, fields: dict[str, Any]
) -> None:
    assert log.define(NOW, poll=poll, **fields).refusal is not None
    assert not log.book.polls


def test_there_are_only_so_many_polls(log: PollLog) -> None:
    for number in range(POLLS_MAX):
        assert log.define(NOW, poll=f"p{number}").refusal is None
    assert log.define(NOW, poll="one-more").refusal == f"there are {POLLS_MAX} polls already"
    assert log.define(NOW, poll="p7", rank_max=5).refusal is None


def test_all_polls_together_have_only_so_many_entries(log: PollLog) -> None:
    most = entries(500)
    for number in range(ALL_ENTRIES_MAX // 500):
        assert log.define(NOW, poll=f"p{number}", entries=most).refusal is None
    assert log.define(NOW, poll="one-more", entries=most[:1]).refusal == (
        f"all polls together would have over {ALL_ENTRIES_MAX} entries"
    )
    assert log.define(NOW, poll="p7", entries=most[:499]).refusal is None
    assert log.define(NOW, poll="one-more", entries=most[:1]).refusal is None


def test_of_two_events_with_one_number_the_first_stands(log: PollLog) -> None:
    first, second = log.next(Define(DEFINITION)), log.next(Define(with_changes(rank_max=5)))
    assert log.book.apply(first, NOW) is not None
    assert log.book.apply(second, NOW) is None
    assert log.book.apply(first, NOW) is None
    assert the_poll(log).definition == DEFINITION
    assert log.book.number == 1


def test_a_log_that_is_none_halts_and_nothing_is_guessed(log: PollLog) -> None:
    log.define(NOW)
    before = (log.book.polls, log.book.number, log.book.last_hash)
    other = PollLog()
    other.define(NOW, rank_max=5)
    broken = {
        b"not an event": "is not a polls.v1.Event message",
        encode_event(event(Open(), number=3)): "event 3 follows event 1",
        other.next(Open()): "event 2 was not written after event 1",
    }
    for value, reason in broken.items():
        with pytest.raises(BrokenLogError, match=reason):
            log.book.apply(value, NOW)
    assert (log.book.polls, log.book.number, log.book.last_hash) == before


def test_a_poll_that_was_never_open_may_still_be_redefined_after_its_end(log: PollLog) -> None:
    log.define(NOW, closes_at_ms=CLOSES)
    assert not the_poll(log).is_closed(CLOSES + 60_000)
    assert log.append(Open(), CLOSES + 60_000).refusal is not None
    assert log.append(Cut((1,)), CLOSES + 60_000).refusal == "it was never open"
    assert log.define(CLOSES + 60_000, closes_at_ms=CLOSES + 120_000).refusal is None


def test_the_time_of_events_never_goes_back(log: PollLog) -> None:
    scheduled(log)
    log.append(Close(None), OPENS + 10)
    assert log.define(OPENS - 20_000, poll="other").appended_at_ms == OPENS + 10
