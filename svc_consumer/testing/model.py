"""Consumers, stores and a ledger in memory, advanced one step at a time by a test.

The counting code is the real one. The test drives it from one store call to the next, so that
anything can happen in between: other consumers take over, stores lose data, a process ends or
wakes up late.
"""

from collections.abc import Coroutine, Generator, Iterable, Sequence
from typing import Any, Final, override

from svc_consumer.counting.batch import Batch
from svc_consumer.counting.excluder import Ends
from svc_consumer.counting.partition import Partition
from svc_consumer.counting.positions import offset_of
from svc_consumer.counting.projector import Projector
from svc_consumer.errors import StaleError
from svc_consumer.testing.fakes import (
    PARTITIONS,
    FakeLog,
    FakeRecord,
    FakeRejected,
    FakeTally,
    a_vote,
    record_of,
)
from voting.client.samples import SAMPLE_POLLS, poll_fields
from voting.domain.tally import PollTally, Tally, tally_of
from voting.domain.vote import Route, Vote
from voting.recount.final_result import sum_up
from voting.recount.partition_count import PartitionCount
from voting.stores.log_slices import SliceSum
from voting.stores.logged_vote import LoggedVote, Place
from voting.stores.poll_result import NotFinalYetError, votes_before_cut
from voting.stores.tally_exclusion import Exclusion
from voting.stores.tally_store import TallyMove
from voting.stores.vote_log import LogMove, StoredPosition

READ_PARTITIONS: Final = (0, 1)
"""The partitions with records."""

_SLICE: Final = 2
_MOST_STEPS: Final = 10_000


def id_of(partition: int, voter: int) -> str:
    """Return the id of a voter's vote."""
    return f"00000000-0000-0000-0000-{voter * PARTITIONS + partition:012x}"


class ModelLedger:
    """The topic: records by partition, and which of them count."""

    def __init__(self) -> None:
        self.now_ms = 1_000_000
        """The time; the clock of each broker is a little ahead, by `ahead_ms`."""
        self.ahead_ms = dict.fromkeys(READ_PARTITIONS, 0)
        self.records: dict[int, list[FakeRecord]] = {partition: [] for partition in READ_PARTITIONS}
        self._votes: dict[int, list[tuple[int, Vote]]] = {
            partition: [] for partition in READ_PARTITIONS
        }

    @property
    def ends(self) -> tuple[int, ...]:
        """Where the partitions with records end."""
        return tuple(len(self.records[partition]) for partition in READ_PARTITIONS)

    def cast(self, partition: int, voter: int, rank: int) -> None:
        """Append a copy of a voter's vote, perhaps with other contents than the first.

        The rank decides about those: album, route and poll. It takes a millisecond.
        """
        vote_id = id_of(partition, voter)
        route = list(Route)[rank % 2]
        vote = a_vote(
            vote_id, album=f"Album {rank % 2}", rank=rank, route=route, **poll_fields(rank)
        )
        offset = len(self.records[partition])
        self.now_ms += 1
        at_ms = self.now_ms + self.ahead_ms[partition]
        self.records[partition].append(record_of(vote, offset)._replace(timestamp=at_ms))
        self._votes[partition].append((offset, vote))

    def append_garbage(self, partition: int) -> None:
        """Append a record that is not a vote."""
        offset = len(self.records[partition])
        self.records[partition].append(FakeRecord(offset, b"nonsense", b"\xff"))

    def counting(self, partition: int, upto: int) -> dict[str, tuple[int, Vote]]:
        """Return what counts up to an offset: the first copy of each vote, with its offset."""
        first: dict[str, tuple[int, Vote]] = {}
        for offset, vote in self._votes[partition]:
            if offset <= upto:
                first.setdefault(vote.id, (offset, vote))
        return first


class Pause:
    """A point at which a consumer may be suspended for any time."""

    def __await__(self) -> Generator[None]:
        yield


class SteppedLog(FakeLog):
    """A vote log with a pause before each call."""

    @override
    async def insert(self, documents: Sequence[dict[str, Any]]) -> list[str]:
        """Store one document after the other: together they are not atomic."""
        known = []
        for document in documents:
            await Pause()
            known += await super().insert([document])
        return known

    @override
    async def places(self, ids: Sequence[str]) -> dict[str, Place]:
        await Pause()
        return await super().places(ids)

    @override
    async def rewrite(self, documents: Sequence[dict[str, Any]]) -> None:
        await Pause()
        await super().rewrite(documents)

    @override
    async def sum_up(self, partition: int, after: int, upto: int) -> SliceSum:
        await Pause()
        return await super().sum_up(partition, after, upto)

    @override
    async def positions(self, partitions: Sequence[int]) -> dict[int, StoredPosition]:
        await Pause()
        return await super().positions(partitions)

    @override
    async def next_in_poll(self, poll: str, partition: int, after: int, upto: int) -> int | None:
        await Pause()
        return await super().next_in_poll(poll, partition, after, upto)

    @override
    async def sum_up_poll(self, poll: str, partition: int, after: int, upto: int) -> PollTally:
        await Pause()
        return await super().sum_up_poll(poll, partition, after, upto)

    @override
    async def sum_up_arrived(
        self, poll: str, partition: int, after: int, upto: int, arrived: tuple[int, int]
    ) -> dict[tuple[str, Route], tuple[int, int]]:
        await Pause()
        return await super().sum_up_arrived(poll, partition, after, upto, arrived)

    @override
    async def find(self, ids: Sequence[str]) -> dict[str, LoggedVote]:
        await Pause()
        return await super().find(ids)

    @override
    async def id_at(self, place: Place) -> str | None:
        await Pause()
        return await super().id_at(place)

    @override
    async def claim(self, partition: int, owner: str, partitions: int) -> StoredPosition | None:
        await Pause()
        return await super().claim(partition, owner, partitions)

    @override
    async def advance(self, moves: Sequence[LogMove]) -> int:
        """Make one move after the other: together they are not atomic."""
        made = 0
        for move in moves:
            await Pause()
            made += await super().advance([move])
        return made


class SteppedTally(FakeTally):
    """A tally with a pause before each call."""

    about_to_exclude = False

    @override
    async def positions(self, partitions: Sequence[int]) -> dict[int, str]:
        await Pause()
        return await super().positions(partitions)

    @override
    async def claim(self, partition: int) -> str:
        await Pause()
        return await super().claim(partition)

    @override
    async def advance(self, moves: Sequence[TallyMove]) -> list[str]:
        await Pause()
        return await super().advance(moves)

    @override
    async def exclusion_versions(self, polls: Sequence[str]) -> dict[str, int]:
        await Pause()
        return await super().exclusion_versions(polls)

    @override
    async def exclude(self, poll: str, exclusion: Exclusion, ends: Ends) -> bool:
        self.about_to_exclude = True
        await Pause()
        self.about_to_exclude = False
        return await super().exclude(poll, exclusion, ends)


class ModelConsumer:
    """A consumer that believes it owns all partitions and advances one store call at a time.

    It works on one partition, or takes in the batches of several together.
    """

    def __init__(self, ledger: ModelLedger, projector: Projector) -> None:
        self._ledger = ledger
        self._projector = projector
        self._believed: dict[int, Partition] = {}
        self._working: dict[int, Coroutine[None, None, None]] = {}

    def step(self, batch: int, *numbers: int) -> None:
        """Advance the work on these partitions to the next store call.

        If nothing is under way, start on `batch` records of each.
        """
        idle = [number for number in numbers if number not in self._working]
        if idle:
            work = self._work(batch, *idle)
            self._working |= dict.fromkeys(idle, work)
        for work in dict.fromkeys(self._working[number] for number in numbers):
            self._advance(work)

    def believes(self, number: int) -> bool:
        """Whether the consumer is synced and has not found that out of date."""
        return number in self._believed

    def end(self) -> None:
        """End at once, wherever it is; the next step is that of a restarted process."""
        for work in self._working.values():
            work.close()
        self._working.clear()
        self._believed.clear()

    def catch_up(self) -> None:
        """Restart, and take in all records."""
        self.end()
        for _ in range(_MOST_STEPS):
            if all(self._done(number) for number in READ_PARTITIONS):
                return
            self.step(3, *READ_PARTITIONS)
        raise AssertionError("it never catches up")

    def _advance(self, work: Coroutine[None, None, None]) -> None:
        try:
            work.send(None)
        except StopIteration:
            self._working = {n: other for n, other in self._working.items() if other is not work}

    def _done(self, number: int) -> bool:
        partition = self._believed.get(number)
        if partition is None or self._working:
            return False
        return not partition.behind and partition.next_offset == len(self._ledger.records[number])

    async def _work(self, batch: int, *numbers: int) -> None:
        """Sync these partitions, or heal them, or take in the next records of each together."""
        batches = []
        for number in numbers:
            partition = self._believed.get(number)
            if partition is None or partition.heals:
                await self._restore(number, partition)
                continue
            at = partition.next_offset
            if records := self._ledger.records[number][at : at + batch]:
                batches.append(Batch(partition, records))
        await self._projector.take_in(batches)
        for taken in batches:
            if taken.error is not None:
                del self._believed[taken.partition.number]

    async def _restore(self, number: int, partition: Partition | None) -> None:
        """Sync a partition, or heal its tally."""
        try:
            if partition is None:
                partition = await self._projector.sync(number, PARTITIONS)
                partition.slice_offsets = _SLICE
                self._believed[number] = partition
            else:
                await self._projector.heal(partition)
        except StaleError:
            self._believed.pop(number, None)


class ResultReader:
    """Someone who adds up the final result of a poll, one store call at a time."""

    def __init__(self, ledger: ModelLedger, log: SteppedLog) -> None:
        self._ledger = ledger
        self._log = log
        self._reading: Coroutine[None, None, None] | None = None

    def step(self, poll: str, cut: Sequence[int]) -> None:
        """Advance to the next store call; if nothing is under way, start on this poll and cut."""
        if self._reading is None:
            self._reading = self._read(poll, cut)
        try:
            self._reading.send(None)
        except StopIteration:
            self._reading = None
        except NotFinalYetError:
            self._reading = None

    def read_all(self, poll: str) -> None:
        """Read the result of all that the ledger has; fail if the log cannot give it."""
        self.give_up()
        self._reading = self._read(poll, [len(r) for r in self._ledger.records.values()])
        for _ in self._reading.__await__():
            pass
        self._reading = None

    def give_up(self) -> None:
        """Forget what was read so far."""
        if self._reading is not None:
            self._reading.close()
        self._reading = None

    async def _read(self, poll: str, cut: Sequence[int]) -> None:
        found = await votes_before_cut(self._log, poll, cut, slice_offsets=_SLICE)
        counting = (
            vote
            for partition, end in enumerate(cut)
            for _, vote in self._ledger.counting(partition, end - 1).values()
        )
        _same(found, tally_of(vote for vote in counting if vote.poll == poll).poll(poll))
        _same(found, self._recount(poll, cut))

    def _recount(self, poll: str, cut: Sequence[int]) -> PollTally:
        """Return what svc_polls counts from the ledger's records alone, to be published."""
        counts = []
        for partition, end in enumerate(cut):
            count = PartitionCount(poll, partition, PARTITIONS)
            for record in self._ledger.records[partition][:end]:
                count.take(record.offset, record.key, record.value, record.timestamp)
            counts.append(count)
        return sum_up(counts).tally


class SteppedSystem:
    """Ledger, stores and consumers, and the invariants that must always hold."""

    def __init__(
        self,
        log: SteppedLog,
        tally: SteppedTally,
        projector: type[Projector],
        consumers: int,
    ) -> None:
        self.ledger, self.log, self.tally = ModelLedger(), log, tally
        self.result_reader = ResultReader(self.ledger, log)
        self.consumers = [
            ModelConsumer(self.ledger, projector(log, tally, FakeRejected()))
            for _ in range(consumers)
        ]

    def check_tally(self) -> None:
        """Fail unless the tally has exactly what counts up to its positions."""
        votes = [
            vote
            for partition, position in self.tally.stored.items()
            for _, vote in self.ledger.counting(partition, offset_of(position)).values()
        ]
        expected = tally_of(votes)
        _same(_counts(self.tally.counts), _counts(expected))

    def check_log(self) -> None:
        """Fail unless the log has exactly what counts up to its positions."""
        for partition, stored in self.log.stored.items():
            last = offset_of(stored.position)
            expected = {
                vote_id: (offset, vote.rank)
                for vote_id, (offset, vote) in self.ledger.counting(partition, last).items()
            }
            _same(_logged(self.log.votes.values(), partition, last), expected)

    def check_all(self) -> None:
        """Let one consumer catch up; fail unless everything that counts was counted."""
        self.consumers[0].catch_up()
        self.check_tally()
        self.check_log()
        for poll in SAMPLE_POLLS:
            self.result_reader.read_all(poll)
        for partition, records in self.ledger.records.items():
            if records:
                _same(offset_of(self.tally.stored[partition]), records[-1].offset)
                _same(self.tally.stored[partition], self.log.stored[partition].position)


def _same(found: object, expected: object) -> None:
    if found != expected:
        raise AssertionError(f"{found} instead of {expected}")


def _logged(
    documents: Iterable[dict[str, Any]], partition: int, last: int
) -> dict[str, tuple[int, int]]:
    ours = (d for d in documents if d["partition"] == partition and d["offset"] <= last)
    return {d["_id"]: (d["offset"], d["rank"]) for d in ours}


def _counts(tally: Tally) -> tuple[object, object, object]:
    return tally.albums, tally.routes, tally.polls
