import logging
from typing import Final

import pytest
from prometheus_client import REGISTRY

from svc_consumer.counting.excluder import Ends, Excluder
from svc_consumer.rulings.ruling_watch import RulingWatch
from svc_consumer.testing.fakes import PARTITIONS, FakeLedger, FakeLog, FakeTally, a_vote
from voting.domain.tally import tally_of
from voting.ledger.errors import EndsUnknownError
from voting.polls.event import Approve, Change, Open, Propose
from voting.polls.known_polls import KnownPolls
from voting.polls.ruling import Between
from voting.stores.logged_vote import to_document
from voting.stores.vote_log import StoredPosition
from voting.testing.polls import POLL, PollLog

NOW: Final = 100_000
VOTE: Final = a_vote(poll=POLL, entry="moon", poll_event=1)
ENDS: Final = (1, *(0,) * (PARTITIONS - 1))


class Trial:
    """A poll with a vote and a ruling in force, and one consumer that watches."""

    def __init__(self) -> None:
        polls = PollLog()
        polls.define(NOW)
        changes: list[tuple[Change, str]] = [
            (Open(), "ana"), (Propose(Between(1, NOW), "Bots"), "ana"), (Approve(1), "ben"),
        ]  # fmt: skip
        for change, author in changes:
            assert polls.append(change, NOW, author=author).refusal is None
        self.known = KnownPolls()
        self.known.book = polls.book
        self.now_ms = NOW + 5_000
        self.away: Exception | None = None
        self.waited_meanwhile = False
        self.log, self.tally, self.ledger = FakeLog(), FakeTally(), FakeLedger()
        self.log.votes[VOTE.id] = to_document(VOTE, 0, 0, NOW - 1)
        self.log.stored[0] = StoredPosition("0:x", "me", PARTITIONS)
        self.count()
        excluder = Excluder(self.log, self.tally, self.ends, lambda: self.now_ms)
        self.watch = RulingWatch(self.ledger, self.known, excluder)
        self.ledger.give(0)

    def count(self) -> None:
        self.tally.counts, self.tally.stored = tally_of([VOTE]), {0: "0:x"}

    async def ends(self) -> Ends:
        self.waited_meanwhile = waits()
        if self.away is not None:
            raise self.away
        return ENDS

    @property
    def excluded(self) -> int | None:
        found = self.tally.exclusions.get(POLL)
        return None if found is None else found.excluded.total.votes


def waits() -> bool:
    return bool(REGISTRY.get_sample_value("svc_consumer_rulings_wait"))


async def test_a_ruling_is_applied_and_again_after_a_loss() -> None:
    trial = Trial()
    assert await trial.watch.check()
    assert (trial.excluded, waits()) == (1, False)
    trial.tally.lose_everything()
    assert not await trial.watch.check()
    assert (trial.excluded, waits()) == (None, True)
    trial.count()
    assert await trial.watch.check()
    assert (trial.excluded, waits()) == (1, False)


async def test_a_ruling_waits_while_it_is_being_applied() -> None:
    trial = Trial()
    assert await trial.watch.check()
    assert trial.waited_meanwhile
    assert not waits()


async def test_only_the_consumer_of_the_first_partition_applies_rulings() -> None:
    trial = Trial()
    trial.ledger.give(1, 2)
    assert await trial.watch.check()
    assert trial.excluded is None


async def test_it_waits_until_every_clock_is_past_the_ruling() -> None:
    trial = Trial()
    trial.now_ms = NOW + 1_000
    assert not await trial.watch.check()
    trial.now_ms += 1
    assert await trial.watch.check()


async def test_a_log_that_is_behind_is_waited_for() -> None:
    trial = Trial()
    trial.log.lose_everything()
    assert not await trial.watch.check()
    assert trial.excluded is None


@pytest.mark.parametrize("what", ["kafka", "redis", "mongodb"])
async def test_a_server_that_is_away_is_told_once(
    what: str, caplog: pytest.LogCaptureFixture
) -> None:
    trial = Trial()
    trial.away = EndsUnknownError("no broker can be reached") if what == "kafka" else None
    trial.tally.down, trial.log.down = what == "redis", what == "mongodb"
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert not await trial.watch.check()
    assert caplog.text.count("cannot apply rulings to the tally") == 1
    assert waits()
    trial.away, trial.tally.down, trial.log.down = None, False, False
    assert await trial.watch.check()
    assert trial.excluded == 1


async def test_without_rulings_no_store_is_asked() -> None:
    trial = Trial()
    trial.known.book = PollLog().book
    trial.tally.down = trial.log.down = True
    assert await trial.watch.check()
