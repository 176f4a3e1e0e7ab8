from typing import Final

import pytest

from voting.polls import ruling_rules
from voting.polls.event import Approve, Close, Cut, Open, Propose, Publish, Refuse
from voting.polls.ruling import (
    RULING_IDS_MAX,
    RULINGS_MAX,
    Between,
    Lift,
    OfClass,
    Ruling,
    RulingState,
    Selection,
    VoteIds,
    rulings_in_force,
    vote_ids,
)
from voting.testing.polls import AUTHOR, CLASSES, POLL, PollLog
from voting.voters.rules import VoterRules

NOW: Final = 1_764_000_000_000
REA: Final = "rea"
EARLIER: Final = Between(NOW - 9, NOW - 5)


@pytest.fixture
def log() -> PollLog:
    log = PollLog()
    log.define(NOW, voters=VoterRules(scope="a", key=1, classes=CLASSES))
    log.append(Open(), NOW)
    return log


def rulings(log: PollLog) -> tuple[Ruling, ...]:
    return log.book.polls[POLL].rulings


def propose(
    log: PollLog, selection: Selection = EARLIER, reason: str = "Bots", author: str = AUTHOR
) -> str | None:
    return log.append(Propose(selection, reason), NOW + 1, author=author).refusal


def approve(log: PollLog, number: int = 1, author: str = REA) -> str | None:
    return log.append(Approve(number), NOW + 2, author=author).refusal


def refuse(log: PollLog, number: int = 1, author: str = REA) -> str | None:
    return log.append(Refuse(number), NOW + 2, author=author).refusal


def states(log: PollLog) -> list[RulingState]:
    return [one.state for one in rulings(log)]


def test_a_ruling_is_in_force_once_another_person_approves_it(log: PollLog) -> None:
    assert propose(log) is None
    assert states(log) == [RulingState.PROPOSED]
    assert approve(log, author=AUTHOR) == "whoever proposed a ruling cannot approve it"
    assert approve(log) is None
    [ruling] = rulings(log)
    assert rulings_in_force(rulings(log)) == (ruling,)
    assert (ruling.number, ruling.author, ruling.decider) == (1, AUTHOR, REA)
    assert (ruling.event, ruling.proposed_at_ms, ruling.decided) == (3, NOW + 1, 5)


def test_a_ruling_is_decided_once(log: PollLog) -> None:
    propose(log)
    propose(log)
    approve(log, 1)
    refuse(log, 2)
    assert states(log) == [RulingState.IN_FORCE, RulingState.REFUSED]
    for number in (1, 2):
        for decide in (approve, refuse):
            assert decide(log, number, "eva") == f"ruling {number} has been approved or refused"
    for number in (0, 3):
        assert approve(log, number) == f"it has no ruling {number}"


def test_whoever_proposed_a_ruling_may_refuse_it(log: PollLog) -> None:
    propose(log)
    assert refuse(log, author=AUTHOR) is None


def test_a_ruling_in_force_is_lifted_by_two_people(log: PollLog) -> None:
    propose(log)
    assert propose(log, Lift(1)) == "ruling 1 is not in force"
    approve(log)
    assert propose(log, Lift(1), author=REA) is None
    assert approve(log, 2) == "whoever proposed a ruling cannot approve it"
    assert states(log) == [RulingState.IN_FORCE, RulingState.PROPOSED]
    assert approve(log, 2, AUTHOR) is None
    assert states(log) == [RulingState.LIFTED, RulingState.IN_FORCE]
    assert rulings(log)[0].lifted_by == 2
    assert rulings_in_force(rulings(log)) == ()
    assert propose(log, Lift(2)) == "a lift cannot be lifted: propose the ruling again"


def test_of_two_lifts_of_one_ruling_the_first_to_be_approved_lifts_it(log: PollLog) -> None:
    propose(log)
    approve(log)
    propose(log, Lift(1))
    propose(log, Lift(1))
    assert approve(log, 3) is None
    assert approve(log, 2) == "ruling 1 is not in force"
    assert refuse(log, 2) is None
    assert rulings(log)[0].lifted_by == 3


def test_a_poll_has_rulings_from_its_opening_until_its_result_is_published() -> None:
    log = PollLog()
    log.define(NOW, opens_at_ms=NOW + 20_000)
    assert propose(log) == "it has not been open yet"
    at_open = log.append(Propose(EARLIER, "Bots"), NOW + 20_000)
    assert at_open.refusal is None
    log.append(Close(NOW + 40_000), NOW + 20_001)
    log.append(Cut((1,)), NOW + 60_000)
    held = log.append(Publish(b"{}"), NOW + 60_001)
    assert held.refusal == "ruling 1 is neither approved nor refused"
    assert approve(log) is None
    assert log.append(Propose(EARLIER, "After the cut"), NOW + 60_002).refusal is None
    assert refuse(log, 2) is None
    assert log.append(Publish(b"{}"), NOW + 60_003).refusal is None
    for change in (Propose(EARLIER, "Late"), Propose(Lift(1), "Late"), Approve(2), Refuse(2)):
        late = log.append(change, NOW + 60_004, author="eva")
        assert late.refusal == "its result has been published"


@pytest.mark.parametrize(
    ("selection", "refusal"),
    [
        (VoteIds(b""), f"a ruling has 1 to {RULING_IDS_MAX:,} ids"),
        (VoteIds(bytes(17)), f"a ruling has 1 to {RULING_IDS_MAX:,} ids"),
        (VoteIds(bytes(32)), "its ids are not in ascending order, each once"),
        (VoteIds(b"b" * 16 + b"a" * 16), "its ids are not in ascending order, each once"),
        (vote_ids([bytes(16)], batch=65_536), "a batch has a number from 1 to 65535"),
        (OfClass(9), "it has no such class of voters"),
        (Between(0, 5), "its time must end after it begins"),
        (Between(5, 5), "its time must end after it begins"),
        (Between(NOW + 2, NOW + 3), "its time lies ahead: it would reach no vote"),
        (Lift(1), "it has no ruling 1"),
        (vote_ids([bytes(16)], batch=65_535), None),
        (OfClass(1), None),
        (Between(1, 2), None),
        (Between(NOW + 1, NOW + 2), None),
    ],
)
def test_a_ruling_selects_votes_that_the_poll_may_have(
    log: PollLog, selection: Selection, refusal: str | None
) -> None:
    assert propose(log, selection) == refusal


@pytest.mark.parametrize(
    "reason", ["", " ", " Bots", "B\u0000ts", "Bots\u2028", "\u3164", "x" * 201]
)
def test_a_reason_is_plain_text(log: PollLog, reason: str) -> None:
    refusal = propose(log, reason=reason)
    assert refusal is not None
    assert refusal.startswith("its reason ")
    assert propose(log, reason="x" * 200) is None


def test_a_poll_without_voters_has_no_classes() -> None:
    log = PollLog()
    log.define(NOW)
    log.append(Open(), NOW)
    assert propose(log, OfClass(0)) == "it has no such class of voters"


def test_a_poll_has_only_so_many_rulings(log: PollLog) -> None:
    for number in range(1, RULINGS_MAX + 1):
        assert propose(log) is None
        assert refuse(log, number) is None
    assert propose(log) == f"it has {RULINGS_MAX} rulings already"


def numbered_ids(count: int) -> VoteIds:
    return vote_ids(number.to_bytes(16) for number in range(count))


def test_a_ruling_has_only_so_many_ids(log: PollLog) -> None:
    assert propose(log, numbered_ids(RULING_IDS_MAX)) is None
    assert propose(log, numbered_ids(RULING_IDS_MAX + 1)) is not None
    assert len(log.records[2][0]) < 400_000


def test_all_rulings_together_have_only_so_many_ids(
    log: PollLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ruling_rules, "ALL_RULING_IDS_MAX", 5)
    log.define(NOW, poll="other")
    log.append(Open(), NOW, "other")
    assert propose(log, numbered_ids(3)) is None
    assert refuse(log) is None
    other = Propose(numbered_ids(3), "Bots")
    assert (
        log.append(other, NOW, "other").refusal == "the rulings of all polls would have over 5 ids"
    )
    assert propose(log, numbered_ids(2)) is None
