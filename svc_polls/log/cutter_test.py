import logging

import pytest

from svc_polls.log.cutter import Cutter, uncut_polls
from svc_polls.testing.fakes import NOW, LogInMemory
from svc_polls.tokens import OWN_NAME
from voting.ledger.errors import EndsUnknownError
from voting.polls.event import Close, Cut, Define, Event, Open, encode_event
from voting.testing.polls import DEFINITION, POLL

ANSWERS_MS = DEFINITION.answer_within_ms + 1_000


class TrialEnds:
    """Ends of a topic that grows by a record with each question."""

    def __init__(self, log: LogInMemory) -> None:
        self.log = log
        self.away = False
        self.asked_at_ms: list[int] = []

    async def read(self) -> tuple[int, ...]:
        if self.away:
            raise EndsUnknownError("Kafka is not responding")
        self.asked_at_ms.append(self.log.now_ms)
        return (7, len(self.asked_at_ms))


class Trial:
    """A poll that closes, and instances that cut it."""

    def __init__(self) -> None:
        self.log = LogInMemory()
        self.ends = TrialEnds(self.log)
        self.cutter = self.instance()

    def instance(self) -> Cutter:
        log = self.log
        return Cutter(log.known, self.ends, log.writer(), lambda: log.now_ms)

    async def close(self, poll: str = POLL) -> int:
        """Open and close a poll; return when it is settled."""
        writer = self.log.writer()
        for change in (Define(DEFINITION), Open(), Close(None)):
            await writer.write("ana", poll, change)
        settled_at_ms = self.log.known.book.polls[poll].settled_at_ms
        assert settled_at_ms == self.log.now_ms + 11_000 + ANSWERS_MS
        return settled_at_ms

    @property
    def cut(self) -> tuple[int, ...] | None:
        return self.log.known.book.polls[POLL].cut


@pytest.fixture
def trial() -> Trial:
    return Trial()


async def test_a_poll_is_cut_when_no_vote_can_be_accepted_any_more(trial: Trial) -> None:
    settled_at_ms = await trial.close()
    trial.log.wait(settled_at_ms - trial.log.now_ms - 1)
    assert await trial.cutter.cut_what_is_due()
    assert trial.cut is None
    trial.log.wait(1)
    assert await trial.cutter.cut_what_is_due()
    assert trial.cut == (7, 1)
    assert trial.ends.asked_at_ms == [settled_at_ms]
    assert trial.log.history.of(POLL, 3, 1)[0].author == OWN_NAME
    assert await trial.cutter.cut_what_is_due()
    assert len(trial.log.records) == 4


async def test_the_next_look_is_when_a_poll_is_settled_and_within_two_seconds(
    trial: Trial,
) -> None:
    assert trial.cutter.rest_seconds() == 2.0
    settled_at_ms = await trial.close()
    for before_ms, rest in [(2_001, 2.0), (1_999, 1.999), (60, 0.06), (0, 0.05), (-5_000, 0.05)]:
        trial.log.wait(settled_at_ms - before_ms - trial.log.now_ms)
        assert trial.cutter.rest_seconds() == rest


async def test_of_two_cuts_the_first_stands_and_the_other_instance_is_content(
    trial: Trial,
) -> None:
    trial.log.wait(await trial.close() - NOW)
    book = trial.log.known.book
    other = Event(book.number + 1, book.last_hash, NOW, OWN_NAME, POLL, Cut((5, 5)))
    trial.log.before = lambda: trial.log.add(encode_event(other))
    assert await trial.cutter.cut_what_is_due()
    assert trial.cut == (5, 5)


async def test_another_event_in_between_leads_to_another_try(trial: Trial) -> None:
    trial.log.wait(await trial.close() - NOW)
    book = trial.log.known.book
    other = Event(book.number + 1, book.last_hash, NOW, "ana", "other", Define(DEFINITION))
    trial.log.before = lambda: trial.log.add(encode_event(other))
    assert await trial.cutter.cut_what_is_due()
    assert trial.cut == (7, 1)


async def test_a_later_end_is_waited_for(trial: Trial) -> None:
    writer = trial.log.writer()
    for change in (Define(DEFINITION), Open(), Close(NOW + 60_000), Close(NOW + 90_000)):
        await writer.write("ana", POLL, change)
    trial.log.wait(60_000 + ANSWERS_MS)
    assert await trial.cutter.cut_what_is_due()
    assert trial.cut is None
    trial.log.wait(30_000)
    assert await trial.cutter.cut_what_is_due()
    assert trial.cut is not None


async def test_while_kafka_is_away_it_is_tried_again_and_logged_once(
    trial: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    trial.log.wait(await trial.close() - NOW)
    trial.ends.away = True
    with caplog.at_level(logging.INFO, "svc_polls"):
        for _ in range(3):
            assert not await trial.cutter.cut_what_is_due()
        trial.ends.away, trial.log.away = False, True
        for _ in range(3):
            assert not await trial.cutter.cut_what_is_due()
        trial.log.away = False
        assert await trial.cutter.cut_what_is_due()
    assert [record.message for record in caplog.records] == [
        f"cannot cut poll {POLL} yet: Kafka is not responding",
        f"cannot cut poll {POLL} yet: Kafka does not take the change: Kafka is away",
        f"poll {POLL} is cut: its votes end at [7, 4]",
    ]


async def test_an_old_book_cuts_nothing(trial: Trial) -> None:
    trial.log.now_ms = await trial.close()
    assert not await trial.cutter.cut_what_is_due()
    assert trial.cut is None


async def test_a_cut_of_unknown_fate_is_looked_for_again(trial: Trial) -> None:
    trial.log.wait(await trial.close() - NOW)
    trial.log.silent, trial.log.delivers = True, False
    assert not await trial.cutter.cut_what_is_due()
    trial.log.silent = False
    assert await trial.cutter.cut_what_is_due()
    assert trial.cut == (7, 2)


async def test_a_poll_that_kafkas_clock_does_not_let_cut_holds_up_no_other(trial: Trial) -> None:
    await trial.close()
    trial.log.wait(500)
    trial.log.wait(await trial.close("later") - trial.log.now_ms)
    trial.log.kafka_ahead_ms = -500
    assert not await trial.cutter.cut_what_is_due()
    assert trial.cut is not None
    assert [poll.id for poll in uncut_polls(trial.log.known)] == ["later"]
    trial.log.wait(500)
    assert await trial.cutter.cut_what_is_due()


async def test_polls_that_were_never_open_are_not_cut(trial: Trial) -> None:
    writer = trial.log.writer()
    await writer.write("ana", POLL, Define(DEFINITION))
    trial.log.wait(10**9)
    assert await trial.cutter.cut_what_is_due()
    assert trial.cut is None
