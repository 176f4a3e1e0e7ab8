import pytest

from voting.polls.book import BrokenLogError
from voting.polls.event import Approve, Close, Cut, Open, Propose, Publish, Release
from voting.polls.ruling import Between, OfClass, RulingState
from voting.recount.poll_events import NotCutError, cut_poll
from voting.testing.polls import POLL, PollLog

CLOSES = 40_000
SETTLED = CLOSES + 8_000


def a_log() -> PollLog:
    log = PollLog()
    log.define(1)
    log.define(2, poll="other")
    log.append(Open(), 3)
    log.append(Open(), 4)  # refused
    log.append(Close(CLOSES), 5)
    log.append(Cut((7,)), SETTLED - 1)  # refused
    log.append(Cut((3, 4)), SETTLED)
    return log


def test_the_events_are_those_that_changed_the_poll_up_to_its_cut() -> None:
    log = a_log()
    found = cut_poll(POLL, log.records)
    assert [(one.number, one.change) for one in found.events] == [
        (1, "define"), (3, "open"), (5, "close"), (7, "cut"),
    ]  # fmt: skip
    assert [one.value for one in found.events] == [log.records[at][0] for at in (0, 2, 4, 6)]
    assert (found.poll.opens_at_ms, found.poll.closes_at_ms) == (3, CLOSES)
    assert found.poll.cut == (3, 4)


def test_what_follows_the_cut_changes_nothing_but_the_published_result() -> None:
    log = a_log()
    before = cut_poll(POLL, log.records)
    assert before.note is None
    for change in (Publish(b"{}"), Release(), Cut((9, 9))):
        log.append(change, SETTLED + 1)
    assert cut_poll(POLL, log.records) == before._replace(note=b"{}", last=8)


def test_rulings_after_the_cut_are_in_it_and_nothing_else_is() -> None:
    log = a_log()
    log.append(Propose(OfClass(0), "Bots"), SETTLED + 1)  # refused: it has no classes
    log.append(Propose(Between(1, 2), "Bots"), SETTLED + 2)
    log.append(Approve(1), SETTLED + 3, author="rea")
    found = cut_poll(POLL, log.records)
    assert [(one.number, one.change) for one in found.events[3:]] == [
        (7, "cut"), (9, "propose"), (10, "approve"),
    ]  # fmt: skip
    assert found.last == 10
    assert [one.state for one in found.poll.rulings] == [RulingState.IN_FORCE]


@pytest.mark.parametrize("poll", ["other", "none"])
def test_a_poll_without_a_cut_has_no_such_events(poll: str) -> None:
    with pytest.raises(NotCutError):
        cut_poll(poll, a_log().records)


def test_a_log_that_cannot_be_trusted_is_no_ground_for_a_result() -> None:
    [first, *others] = a_log().records
    with pytest.raises(BrokenLogError):
        cut_poll(POLL, [first, *others[1:]])
