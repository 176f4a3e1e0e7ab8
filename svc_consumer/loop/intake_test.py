from svc_consumer.counting.projector import Projector
from svc_consumer.loop.assignment import Assignment
from svc_consumer.loop.intake import Intake
from svc_consumer.loop.outcomes import Outcomes
from svc_consumer.loop.progress import Progress
from svc_consumer.loop.waiting import Waiting
from svc_consumer.testing.fakes import (
    PARTITIONS,
    FakeLedger,
    FakeLog,
    FakeRejected,
    FakeTally,
    a_vote,
    records_of,
)
from voting.domain.vote import new_vote_id
from voting.service.lifecycle import Readiness
from voting.stores.tally_store import MAX_VOTES


class Trial:
    """The intake of partitions in step, and a clock."""

    def __init__(self) -> None:
        self.journal: list[str] = []
        self.tally = FakeTally(self.journal)
        self.now = 0.0
        self.assignment = Assignment(clock=lambda: self.now)
        self.ledger = FakeLedger()
        self.projector = Projector(FakeLog(self.journal), self.tally, FakeRejected(self.journal))
        outcomes = Outcomes(self.assignment, Waiting(Readiness(), ()), Progress())
        self.intake = Intake(self.ledger, self.projector, self.assignment, outcomes)

    async def take_in(self, **votes: int) -> list[str]:
        """Take in the next so many votes by partition (`p0`); return the stores' writes."""
        found = {}
        for name, count in votes.items():
            number = int(name[1:])
            if number not in self.assignment.synced:
                self.assignment.add(await self.projector.sync(number, PARTITIONS))
            start = self.assignment.synced[number].next_offset
            cast = (a_vote(new_vote_id(number)) for _ in range(count))
            found[number] = records_of(*cast, start=start)
        self.journal.clear()
        await self.intake.take_in(found)
        return self.journal

    def sought(self) -> dict[int, int]:
        """Return which partitions are to be read again, and from which offsets."""
        self.ledger.reading.clear()
        self.intake.read_again()
        return dict(self.ledger.reading)


async def test_partitions_with_few_records_share_each_call() -> None:
    trial = Trial()
    assert await trial.take_in(p0=1, p1=2, p2=MAX_VOTES - 3) == ["documents", "fence", "tally"]
    assert trial.tally.votes == MAX_VOTES


async def test_no_call_has_more_votes_than_the_tally_takes() -> None:
    trial = Trial()
    writes = await trial.take_in(p0=1, p1=MAX_VOTES, p2=2 * MAX_VOTES + 1, p3=1)
    # p0; p1; p2 in three batches; and p3, which found no room beside p2.
    assert [writes.count(write) for write in ("documents", "fence", "tally")] == [6, 6, 6]
    assert trial.tally.votes == 3 * MAX_VOTES + 3


async def test_a_partition_about_to_have_been_silent_is_read_again_while_there_are_votes() -> None:
    trial = Trial()
    await trial.take_in(p0=3, p1=3)
    assert trial.sought() == {}
    trial.now = 0.45
    await trial.take_in(p1=1)
    assert trial.sought() == {0: 2}
    assert trial.sought() == {}  # it is under way


async def test_without_votes_nothing_is_read_again() -> None:
    trial = Trial()
    await trial.take_in(p0=3)
    trial.now = 5.0
    await trial.intake.take_in({})
    assert trial.sought() == {}


async def test_records_after_a_silence_wait_for_the_record_before_them() -> None:
    trial = Trial()
    await trial.take_in(p0=3)
    trial.now = 5.0
    assert await trial.take_in(p0=1) == []
    assert trial.ledger.reading == {0: 2}
