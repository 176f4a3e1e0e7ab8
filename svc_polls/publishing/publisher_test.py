import asyncio
import json
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import pytest

from svc_polls.publishing.ledger_recount import Progress
from svc_polls.publishing.publisher import CannotPublishError, Publication, Publisher, Stage
from svc_polls.publishing.stores_check import StoresDifferError
from svc_polls.testing.fakes import LogInMemory
from voting.domain.codec import encode_vote
from voting.domain.vote import new_vote_id
from voting.polls.definition import PollDefinition, ShowResult
from voting.polls.event import (
    Approve,
    Change,
    Close,
    Cut,
    Define,
    Open,
    Propose,
    Publish,
    Release,
    decode_event,
)
from voting.polls.excluded import Rulings
from voting.polls.poll import Poll
from voting.polls.ruling import rulings_in_force, vote_ids
from voting.recount.final_result import LedgerCount, sum_up
from voting.recount.partition_count import PartitionCount
from voting.recount.poll_events import CutPoll, cut_poll
from voting.signing.keys import SigningKey
from voting.signing.note import open_note
from voting.testing.examples import vote_with
from voting.testing.polls import DEFINITION, POLL, with_changes

KEY: Final = SigningKey("votes.example.org", bytes(range(32)))
PARTITIONS: Final = 3
VOTES: Final = 4  # in each partition
CAST_AT_MS: Final = 1


class Trial:
    """A poll that is cut, its ledger, and instances that publish its result.

    Each step of an instance calls `step` first.
    """

    def __init__(self) -> None:
        self.log = LogInMemory()
        self.steps = 0
        self.stop_at: int | None = None
        self.stopped = asyncio.Event()
        self.differs = ""
        self.gap = False
        self.ledger = [
            [
                vote_with(id=new_vote_id(partition), poll=POLL, entry="moon", poll_event=1)
                for _ in range(VOTES)
            ]
            for partition in range(PARTITIONS)
        ]

    async def cut(self, definition: PollDefinition = DEFINITION) -> Poll:
        """Define, open, close and cut the poll; return it."""
        writer = self.log.writer()
        for change in (Define(definition), Open(), Close(None)):
            await writer.write("ana", POLL, change)
        self.log.wait(11_000 + DEFINITION.answer_within_ms + 1_000)
        await writer.write("svc_polls", POLL, Cut((VOTES,) * PARTITIONS))
        return self.poll

    @property
    def poll(self) -> Poll:
        return self.log.known.book.polls[POLL]

    def instance(self, key: SigningKey | None = KEY) -> Publisher:
        """Return a publisher as a new process has it."""
        return Publisher(self.log.known, self, self, self.log.writer(), key)

    async def step(self) -> None:
        """Go on, unless the process is to be killed here."""
        self.steps += 1
        if self.steps == self.stop_at:
            self.stopped.set()
            await asyncio.Event().wait()

    async def cut_poll(self, poll: str) -> CutPoll:
        await self.step()
        return cut_poll(poll, zip(self.log.records, self.log.times, strict=True))

    async def count(self, cut: CutPoll, progress: Progress) -> LedgerCount:
        counts = []
        for partition, votes in enumerate(self.ledger):
            await self.step()
            rulings = Rulings(rulings_in_force(cut.poll.rulings))
            count = PartitionCount(cut.poll.id, partition, PARTITIONS, rulings)
            for offset, vote in enumerate(votes, start=int(self.gap)):
                count.take(offset, vote.id.encode(), encode_vote(vote), CAST_AT_MS)
            counts.append(count)
            progress((partition + 1) * VOTES)
        return sum_up(counts)

    async def compare(self, _poll: Poll, _counted: LedgerCount) -> None:
        await self.step()
        if self.differs:
            raise StoresDifferError(self.differs)

    def notes(self) -> list[bytes]:
        """Return what was written to the log of polls as a result."""
        events = [decode_event(value) for value in self.log.records]
        return [one.change.note for one in events if isinstance(one.change, Publish)]

    async def publish(self, instance: Publisher) -> Publication:
        """Begin, wait until it has ended, and return how."""
        instance.begin("ana", self.poll)
        while (state := instance.state(self.poll)).stage not in {Stage.PUBLISHED, Stage.FAILED}:
            await asyncio.sleep(0)
        return state


@pytest.fixture
async def trial() -> Trial:
    found = Trial()
    # As events have random bytes, a second run would rest on others.
    await found.cut()
    return found


async def test_a_result_is_counted_compared_signed_and_written(trial: Trial) -> None:
    instance = trial.instance()
    assert instance.state(trial.poll).stage is Stage.NOT_BEGUN
    assert instance.begin("ana", trial.poll) == Publication(Stage.COUNTING, 0, 12)
    assert (await trial.publish(instance)).stage is Stage.PUBLISHED
    [note] = trial.notes()
    document = json.loads(open_note(note, KEY.verifier))
    assert (document["poll"], document["votes"], document["records"]) == (POLL, 12, 12)
    assert trial.poll.published == trial.log.known.book.number


async def test_whoever_begins_again_changes_nothing(trial: Trial) -> None:
    instance = trial.instance()
    await trial.publish(instance)
    assert (await trial.publish(instance)).stage is Stage.PUBLISHED
    assert (await trial.publish(trial.instance())).stage is Stage.PUBLISHED
    assert len(trial.notes()) == 1


async def test_two_instances_at_once_publish_one_result(trial: Trial) -> None:
    ana, ben = trial.instance(), trial.instance()
    await asyncio.gather(trial.publish(ana), trial.publish(ben))
    assert ana.state(trial.poll).stage is ben.state(trial.poll).stage is Stage.PUBLISHED
    assert len({*trial.notes()}) == 1
    assert trial.poll.published is not None


@pytest.mark.parametrize("same", [True, False])
async def test_another_result_than_that_of_another_instance_is_an_alarm(
    trial: Trial, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, *, same: bool
) -> None:
    other = await undisturbed(trial) if same else b"{}\n\nsigned\n"

    async def compare(_poll: Poll, _counted: LedgerCount) -> None:
        await trial.log.writer().write("ben", POLL, Publish(other))

    monkeypatch.setattr(trial, "compare", compare)
    instance = trial.instance()
    instance.begin("ana", trial.poll)
    await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()})
    assert instance.state(trial.poll).stage is Stage.PUBLISHED
    assert trial.notes() == [other]
    assert ("has another published result" in caplog.text) is not same


@pytest.mark.parametrize("step", range(1, PARTITIONS + 3))
async def test_killed_at_any_step_and_begun_again_it_gives_one_result(
    trial: Trial, step: int
) -> None:
    trial.stop_at = step
    first = trial.instance()
    first.begin("ana", trial.poll)
    await trial.stopped.wait()
    await first.close()
    assert trial.notes() == []
    assert (await trial.publish(trial.instance())).stage is Stage.PUBLISHED
    [note] = trial.notes()
    assert note == await undisturbed(trial)


@pytest.mark.parametrize("delivers", [True, False])
async def test_of_a_result_of_unknown_fate_the_next_try_makes_one(
    trial: Trial, delivers: bool
) -> None:
    trial.log.silent, trial.log.delivers = True, delivers
    first = trial.instance()
    state = await trial.publish(first)
    assert state.stage is (Stage.PUBLISHED if delivers else Stage.FAILED)
    trial.log.silent = False
    assert (await trial.publish(first)).stage is Stage.PUBLISHED
    [note] = trial.notes()
    assert note == await undisturbed(trial)


async def undisturbed(trial: Trial) -> bytes:
    """Return what an instance writes that nothing disturbs, from the same log and ledger."""
    again = Trial()
    again.ledger = trial.ledger
    for value, again.log.now_ms in zip(trial.log.records[:4], trial.log.times, strict=False):
        again.log.add(value)
    again.log.wait(0)
    await again.publish(again.instance())
    [note] = again.notes()
    return note


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda trial: setattr(trial, "differs", "moon: 12 votes"), "moon: 12 votes"),
        (lambda trial: setattr(trial, "gap", True), "has offset 1 where 0 is missing"),
        (lambda trial: setattr(trial.log, "away", True), "Kafka does not take the change"),
        (lambda trial: setattr(trial.log, "halted", "another log"), "another log"),
    ],
)
async def test_what_is_wrong_stops_it_and_is_said_and_it_can_begin_again(
    trial: Trial, spoil: Callable[[Trial], Any], reason: str
) -> None:
    spoil(trial)
    instance = trial.instance()
    state = await trial.publish(instance)
    assert state.stage is Stage.FAILED
    assert reason in (state.reason or "")
    assert trial.notes() == []
    trial.differs, trial.gap, trial.log.away, trial.log.halted = "", False, False, None
    instance.begin("ana", trial.poll)
    assert (await trial.publish(instance)).stage is Stage.PUBLISHED


def rule_out_one(trial: Trial) -> Propose:
    return Propose(vote_ids([UUID(trial.ledger[0][0].id).bytes]), "A bot")


async def test_rulings_are_in_the_result(trial: Trial) -> None:
    writer = trial.log.writer()
    await writer.write("ana", POLL, rule_out_one(trial))
    with pytest.raises(CannotPublishError, match="ruling 1 is neither approved nor refused"):
        trial.instance().begin("ana", trial.poll)
    await writer.write("ben", POLL, Approve(1))
    await trial.publish(trial.instance())
    document = json.loads(open_note(trial.notes()[0], KEY.verifier))
    [ruling] = document["rulings"]
    assert (document["counted"], document["excluded"], document["votes"]) == (12, 1, 11)
    assert (ruling["author"], ruling["approver"], ruling["reason"]) == ("ana", "ben", "A bot")
    assert [one["change"] for one in document["events"][-3:]] == ["cut", "propose", "approve"]


async def test_a_ruling_while_it_is_counted_makes_it_count_again(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes: list[tuple[str, Change]] = [("ben", Approve(1)), ("ana", rule_out_one(trial))]

    async def compare(_poll: Poll, _counted: LedgerCount) -> None:
        while changes:
            author, change = changes.pop()
            await trial.log.writer().write(author, POLL, change)

    monkeypatch.setattr(trial, "compare", compare)
    assert (await trial.publish(trial.instance())).stage is Stage.PUBLISHED
    [note] = trial.notes()
    assert json.loads(open_note(note, KEY.verifier))["excluded"] == 1


async def test_a_release_while_it_is_counted_is_no_obstacle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trial = Trial()
    await trial.cut(with_changes(show_result=ShowResult.ON_RELEASE))
    changes = [Release()]

    async def compare(_poll: Poll, _counted: LedgerCount) -> None:
        while changes:
            await trial.log.writer().write("ben", POLL, changes.pop())

    monkeypatch.setattr(trial, "compare", compare)
    assert (await trial.publish(trial.instance())).stage is Stage.PUBLISHED


async def test_an_error_that_nobody_thought_of_is_no_silence(trial: Trial) -> None:
    trial.ledger = [[], None]  # type: ignore[list-item]
    state = await trial.publish(trial.instance())
    assert (state.stage, state.reason) == (Stage.FAILED, "an error that the log of svc_polls has")


async def test_nothing_is_published_before_the_cut_or_without_a_key(trial: Trial) -> None:
    with pytest.raises(CannotPublishError, match="SIGNING_KEY"):
        trial.instance(None).begin("ana", trial.poll)
    await trial.log.writer().write("ana", "other", Define(DEFINITION))
    with pytest.raises(CannotPublishError, match="may not be complete"):
        trial.instance().begin("ana", trial.log.known.book.polls["other"])
