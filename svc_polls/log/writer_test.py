import asyncio

import pytest

from svc_polls.log.writer import ConditionFailedError, LogUnavailableError, UnknownFateError
from svc_polls.testing.fakes import NOW, LogInMemory
from voting.polls.event import Change, Close, Define, Event, Open, encode_event, event_hash
from voting.polls.poll import FRESH_MS, RefusedChangeError
from voting.testing.polls import DEFINITION, POLL, with_changes


@pytest.fixture
def log() -> LogInMemory:
    return LogInMemory()


def another_writes(log: LogInMemory, change: Change, poll: str) -> None:
    book = log.known.book
    log.add(encode_event(Event(book.number + 1, book.last_hash, NOW, "ben", poll, change)))


async def test_an_event_that_stands_is_returned(log: LogInMemory) -> None:
    recorded = await log.writer().write("ana", POLL, Define(DEFINITION), 0)
    assert recorded.refusal is None
    assert (recorded.event.number, recorded.event.author) == (1, "ana")
    opened = await log.writer().write("ben", POLL, Open(), 1)
    assert (opened.event.number, opened.event.previous) == (2, event_hash(log.records[0]))
    assert log.known.book.polls[POLL].opens_at_ms == NOW


async def test_another_event_under_the_number_leads_to_another_try(log: LogInMemory) -> None:
    log.before = lambda: another_writes(log, Define(DEFINITION), "other")
    recorded = await log.writer().write("ana", POLL, Define(DEFINITION), 0)
    assert recorded.event.number == 2
    assert [*log.known.book.polls] == ["other", POLL]
    assert len(log.records) == 3  # the one that does not stand is there, too


async def test_of_two_changes_of_a_poll_at_the_same_time_one_is_refused(log: LogInMemory) -> None:
    log.before = lambda: another_writes(log, Define(with_changes(rank_max=5)), POLL)
    with pytest.raises(ConditionFailedError) as caught:
        await log.writer().write("ana", POLL, Define(DEFINITION), 0)
    assert caught.value.event == 1
    assert log.known.book.polls[POLL].definition.rank_max == 5


async def test_of_two_who_ask_for_the_same_at_the_same_time_one_is_refused(
    log: LogInMemory,
) -> None:
    await log.writer().write("ana", POLL, Define(DEFINITION), 0)
    same = log.writer().write("ana", POLL, Open(), 1)

    def comes_first() -> None:
        with pytest.raises(StopIteration):  # done, without a pause
            same.send(None)

    log.before = comes_first
    with pytest.raises(ConditionFailedError):
        await log.writer().write("ana", POLL, Open(), 1)
    assert len(log.records) == 3
    assert log.known.book.polls[POLL].event == 2


async def test_a_writer_that_always_loses_gives_up(log: LogInMemory) -> None:
    number = 0

    def win() -> None:
        nonlocal number
        another_writes(log, Define(DEFINITION), f"other-{(number := number + 1)}")
        log.before = win

    log.before = win
    with pytest.raises(LogUnavailableError, match="others write"):
        await log.writer().write("ana", POLL, Define(DEFINITION), 0)
    assert POLL not in log.known.book.polls


@pytest.mark.parametrize("expected", [0, 2])
async def test_an_unmet_condition_writes_nothing(log: LogInMemory, expected: int) -> None:
    await log.writer().write("ana", POLL, Define(DEFINITION))
    with pytest.raises(ConditionFailedError, match="last event is 1"):
        await log.writer().write("ana", POLL, Open(), expected)
    assert len(log.records) == 1


async def test_what_a_rule_forbids_is_not_written(log: LogInMemory) -> None:
    await log.writer().write("ana", POLL, Define(DEFINITION))
    with pytest.raises(RefusedChangeError, match="not open yet"):
        await log.writer().write("ana", POLL, Close(None))
    assert len(log.records) == 1


async def test_kafkas_clock_may_forbid_what_ours_allows(log: LogInMemory) -> None:
    log.kafka_ahead_ms = 1
    definition = with_changes(opens_at_ms=NOW + 11_000)
    recorded = await log.writer().write("ana", POLL, Define(definition))
    assert recorded.refusal == "a poll opens 11 s after it was defined at the soonest"
    assert POLL not in log.known.book.polls


async def test_nothing_is_written_on_the_basis_of_an_old_book(log: LogInMemory) -> None:
    log.now_ms += FRESH_MS
    await log.writer().write("ana", POLL, Define(DEFINITION))
    log.now_ms += 1
    with pytest.raises(LogUnavailableError, match="not known whether"):
        await log.writer().write("ana", POLL, Open())
    log.wait(0)
    log.halted = "event 7 follows event 3"
    with pytest.raises(LogUnavailableError, match="event 7 follows event 3"):
        await log.writer().write("ana", POLL, Open())
    assert len(log.records) == 1


async def test_a_record_that_was_not_sent_changes_nothing(log: LogInMemory) -> None:
    log.away = True
    with pytest.raises(LogUnavailableError, match="Kafka is away"):
        await log.writer().write("ana", POLL, Define(DEFINITION))


async def test_a_lost_acknowledgement_does_not_matter_when_the_event_is_read(
    log: LogInMemory,
) -> None:
    log.silent = True
    recorded = await log.writer().write("ana", POLL, Define(DEFINITION))
    assert recorded.refusal is None


async def test_an_event_that_kafka_may_have_is_of_unknown_fate(log: LogInMemory) -> None:
    log.silent, log.delivers = True, False
    with pytest.raises(UnknownFateError, match=r"event 1 .define album-of-the-year. was sent"):
        await log.writer().write("ana", POLL, Define(DEFINITION))


@pytest.mark.parametrize("arrives", ["before", "meanwhile", "after"])
async def test_of_a_change_of_unknown_fate_and_the_same_again_one_takes_effect(
    log: LogInMemory, arrives: str
) -> None:
    await log.writer().write("ana", POLL, Define(DEFINITION))
    again = Define(with_changes(rank_max=5))  # no rule forbids it twice
    log.silent, log.delivers = True, False
    with pytest.raises(UnknownFateError):
        await log.writer().write("ana", POLL, again, 1)
    log.silent = False
    [late] = log.underway
    if arrives == "after":
        await log.writer().write("ana", POLL, again, 1)
        log.add(late)
    else:
        if arrives == "before":
            log.add(late)
        else:
            log.before = lambda: log.add(late)
        with pytest.raises(ConditionFailedError):
            await log.writer().write("ana", POLL, again, 1)
    assert (log.known.book.number, log.known.book.polls[POLL].event) == (2, 2)


async def test_one_event_is_written_at_a_time(log: LogInMemory) -> None:
    writer = log.writer()
    names = [f"poll-{number}" for number in range(20)]
    written = await asyncio.gather(*(writer.write("ana", n, Define(DEFINITION), 0) for n in names))
    assert [one.event.number for one in written] == [*range(1, 21)]
    assert len(log.records) == 20
