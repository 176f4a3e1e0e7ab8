"""Stores and records in memory, for tests of the counting rules."""

import asyncio
import copy
from collections.abc import Callable, Collection, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple, override

from svc_consumer.counting.batch import Batch
from svc_consumer.counting.excluder import Ends, ExclusionStore
from svc_consumer.counting.partition import Partition
from svc_consumer.counting.positions import offset_of
from svc_consumer.counting.projector import Projector, RejectedRecords
from svc_consumer.counting.store_protocols import CounterStore, LogStore
from svc_consumer.errors import RejectedUnavailableError
from svc_consumer.ledger.reader import LedgerReader, Records
from svc_consumer.ledger.records import Rejection
from svc_consumer.settings import ConsumerSettings
from voting.domain.codec import encode_vote
from voting.domain.tally import PollTally, Tally, add_tally, entry_key, tally_of
from voting.domain.vote import Route, Vote, new_vote_id
from voting.ledger.errors import LedgerUnavailableError, OutsideLedgerError
from voting.stores.errors import NO_POSITION, StoreUnavailableError
from voting.stores.log_slices import SliceSum
from voting.stores.logged_vote import LoggedVote, Place, from_document
from voting.stores.poll_exclusion import RuledLog
from voting.stores.tally_exclusion import NOTHING_EXCLUDED, Exclusion
from voting.stores.tally_store import TallyMove
from voting.stores.vote_log import LogMove, StoredPosition
from voting.testing.examples import vote_with

PARTITIONS: Final = 6
PARTITION: Final = 3


def a_vote(vote_id: str | None = None, **fields: object) -> Vote:
    """Return a vote that belongs to `PARTITION`, unless `vote_id` belongs elsewhere."""
    queen = {"name": "Queen", "album": "Jazz", "year": 1978, "rank": 7, "route": Route.GRPC}
    return vote_with(id=vote_id or new_vote_id(PARTITION), **{**queen, **fields})


class FakeRecord(NamedTuple):
    """A record of the ledger."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = -1
    headers: Sequence[tuple[str, bytes | None]] = ()


def record_of(vote: Vote, offset: int) -> FakeRecord:
    """Return the record of a vote."""
    return FakeRecord(offset, vote.id.encode(), encode_vote(vote))


def records_of(*votes: Vote, start: int = 0) -> list[FakeRecord]:
    """Return consecutive records of these votes."""
    return [record_of(vote, start + index) for index, vote in enumerate(votes)]


async def take_in(
    projector: Projector, partition: Partition, records: Sequence[FakeRecord]
) -> None:
    """Take in a batch on its own; raise its error."""
    batch = Batch(partition, records)
    await projector.take_in([batch])
    if batch.error is not None:
        raise batch.error


def rank_sum(tally: Tally) -> int:
    """Return the sum of the ranks of all votes of a tally."""
    of_albums = sum(album.rank_sum for album in tally.albums.values())
    return of_albums + sum(
        entry.rank_sum for poll in tally.polls.values() for entry in poll.entries.values()
    )


class FakeLog(LogStore, RuledLog):
    """The vote log; `journal` lists its writes in order."""

    def __init__(self, journal: list[str] | None = None) -> None:
        self.journal = [] if journal is None else journal
        self.votes: dict[str, dict[str, Any]] = {}
        self.stored: dict[int, StoredPosition] = {}
        self.down = False
        self.refuses: Collection[str] = ()  # kinds of writes, as in `journal`
        self.refused = 0  # how many writes were refused

    def lose_everything(self) -> None:
        """Lose votes and positions together, as when the collection is dropped."""
        self.set_back(({}, {}))

    def copy(self) -> tuple[dict[str, dict[str, Any]], dict[int, StoredPosition]]:
        """Return what is stored now, for `set_back`."""
        return dict(self.votes), dict(self.stored)

    def set_back(self, kept: tuple[dict[str, dict[str, Any]], dict[int, StoredPosition]]) -> None:
        """Lose what was stored since that copy was made."""
        self.votes, self.stored = dict(kept[0]), dict(kept[1])

    def tally(self) -> Tally:
        """Return the tally of the votes in the log."""
        return tally_of(from_document(document).vote for document in self.votes.values())

    @override
    async def ensure_indexes(self) -> None:
        self._write("indexes")

    @override
    async def insert(self, documents: Sequence[dict[str, Any]]) -> list[str]:
        self._write("documents")
        known = [document["_id"] for document in documents if document["_id"] in self.votes]
        for document in documents:
            self.votes.setdefault(document["_id"], document)
        return known

    @override
    async def places(self, ids: Sequence[str]) -> dict[str, Place]:
        self._check()
        found = (self.votes[vote_id] for vote_id in ids if vote_id in self.votes)
        return {d["_id"]: Place(d["partition"], d["offset"]) for d in found}

    @override
    async def rewrite(self, documents: Sequence[dict[str, Any]]) -> None:
        self._write("rewrite")
        for document in documents:
            stored = self.votes.get(document["_id"])
            if stored and stored["partition"] == document["partition"]:
                self.votes[document["_id"]] = min(stored, document, key=itemgetter("offset"))

    @override
    async def sum_up(self, partition: int, after: int, upto: int) -> SliceSum:
        self._check()
        found = [
            from_document(document)
            for document in self.votes.values()
            if document["partition"] == partition and after < document["offset"] <= upto
        ]
        return SliceSum(
            tally_of(logged.vote for logged in found),
            max((logged.place.offset for logged in found), default=None),
        )

    @override
    async def next_in_poll(self, poll: str, partition: int, after: int, upto: int) -> int | None:
        found = self._of_poll(poll, partition, after, upto)
        return min((logged.place.offset for logged in found), default=None)

    @override
    async def sum_up_poll(self, poll: str, partition: int, after: int, upto: int) -> PollTally:
        votes = (logged.vote for logged in self._of_poll(poll, partition, after, upto))
        return tally_of(votes).poll(poll)

    @override
    async def sum_up_arrived(
        self, poll: str, partition: int, after: int, upto: int, arrived: tuple[int, int]
    ) -> dict[tuple[str, Route], tuple[int, int]]:
        sums: dict[tuple[str, Route], tuple[int, int]] = {}
        for logged in self._of_poll(poll, partition, after, upto):
            if arrived[0] <= logged.arrived_at_ms < arrived[1]:
                vote = logged.vote
                key = entry_key(vote.entry, vote.voter_class), vote.route
                votes, rank_sum = sums.get(key, (0, 0))
                sums[key] = votes + 1, rank_sum + vote.rank
        return sums

    @override
    async def find(self, ids: Sequence[str]) -> dict[str, LoggedVote]:
        self._check()
        return {i: from_document(self.votes[i]) for i in ids if i in self.votes}

    def _of_poll(self, poll: str, partition: int, after: int, upto: int) -> list[LoggedVote]:
        self._check()
        logged = (from_document(document) for document in self.votes.values())
        return [
            one
            for one in logged
            if one.vote.poll == poll
            and one.place.partition == partition
            and after < one.place.offset <= upto
        ]

    @override
    async def id_at(self, place: Place) -> str | None:
        self._check()
        found = (i for i, d in self.votes.items() if (d["partition"], d["offset"]) == place)
        return next(found, None)

    @override
    async def claim(self, partition: int, owner: str, partitions: int) -> StoredPosition | None:
        self._write("claim")
        stored = self.stored.get(partition, StoredPosition(NO_POSITION, owner, partitions))
        self.stored[partition] = stored._replace(owner=owner)
        return self.stored[partition]

    @override
    async def advance(self, moves: Sequence[LogMove]) -> int:
        self._write("fence")
        made = 0
        for move in moves:
            stored = self.stored.get(move.partition)
            if stored and (stored.owner, stored.position) == (move.owner, move.expected):
                self.stored[move.partition] = stored._replace(position=move.position)
                made += 1
        return made

    @override
    async def positions(self, partitions: Sequence[int]) -> dict[int, StoredPosition]:
        self._check()
        return {p: self.stored[p] for p in partitions if p in self.stored}

    def _check(self) -> None:
        if self.down:
            raise StoreUnavailableError("MongoDB", ConnectionError("refused"))

    def _write(self, what: str) -> None:
        self._check()
        if what in self.refuses:
            self.refused += 1
            raise StoreUnavailableError("MongoDB", OSError("not primary"))
        self.journal.append(what)


class FakeTally(CounterStore, ExclusionStore):
    """The tally; `journal` lists its writes in order."""

    def __init__(self, journal: list[str] | None = None) -> None:
        self.journal = [] if journal is None else journal
        self.counts = Tally()
        self.stored: dict[int, str] = {}
        self.exclusions: dict[str, Exclusion] = {}
        self.down = False
        self.reads_only = False
        self.refuses: Collection[int] = ()  # partitions whose counts are refused
        self.refused = 0  # how many writes were refused

    @property
    def votes(self) -> int:
        """The votes counted."""
        return self.counts.votes

    @property
    def ranks(self) -> int:
        """The sum of their ranks."""
        return rank_sum(self.counts)

    def lose_everything(self) -> None:
        """Lose counters, positions and what rulings take together, as FLUSHALL does."""
        self.set_back((Tally(), {}, {}))

    def copy(self) -> tuple[Tally, dict[int, str], dict[str, Exclusion]]:
        """Return what is stored now, for `set_back`."""
        return copy.deepcopy(self.counts), dict(self.stored), dict(self.exclusions)

    def set_back(self, kept: tuple[Tally, dict[int, str], dict[str, Exclusion]]) -> None:
        """Lose what was stored since that copy was made."""
        self.counts, self.stored = copy.deepcopy(kept[0]), dict(kept[1])
        self.exclusions = dict(kept[2])

    @override
    async def positions(self, partitions: Sequence[int]) -> dict[int, str]:
        self._check()
        return {p: self.stored.get(p, NO_POSITION) for p in partitions}

    @override
    async def claim(self, partition: int) -> str:
        self._check_write()
        return self.stored.setdefault(partition, NO_POSITION)

    @override
    async def advance(self, moves: Sequence[TallyMove]) -> list[str]:
        self._check_write()
        if any(move.partition in self.refuses for move in moves):
            self.refused += 1
            raise StoreUnavailableError("Redis", OSError("out of memory"))
        self.journal.append("tally")
        for move in moves:
            if self.stored.get(move.partition, NO_POSITION) == move.expected:
                add_tally(self.counts, move.delta)
                self.stored[move.partition] = move.position
        return [self.stored.get(move.partition, NO_POSITION) for move in moves]

    @override
    async def exclusion_versions(self, polls: Sequence[str]) -> dict[str, int]:
        self._check()
        return {poll: self.exclusions.get(poll, NOTHING_EXCLUDED).version for poll in polls}

    @override
    async def exclude(self, poll: str, exclusion: Exclusion, ends: Ends) -> bool:
        self._check_write()
        if self.exclusions.get(poll, NOTHING_EXCLUDED).version > exclusion.version:
            return False
        for number, end in enumerate(ends):
            if offset_of(self.stored.get(number, NO_POSITION)) < end - 1:
                return False
        self.exclusions[poll] = exclusion
        return True

    def _check(self) -> None:
        if self.down:
            raise StoreUnavailableError("Redis", ConnectionError("refused"))

    def _check_write(self) -> None:
        self._check()
        if self.reads_only:
            self.refused += 1
            raise StoreUnavailableError("Redis", OSError("a read only replica"))


class FakeRejected(RejectedRecords):
    """The topic of rejected records; `journal` lists its writes in order."""

    def __init__(self, journal: list[str] | None = None) -> None:
        self.journal = [] if journal is None else journal
        self.written: list[tuple[int, int, str]] = []  # partition, offset, reason
        self.down = False
        self.refused = 0  # how many writes were refused

    @override
    async def write(self, partition: int, rejections: Sequence[Rejection]) -> None:
        if rejections and self.down:
            self.refused += 1
            raise RejectedUnavailableError("refused")
        if rejections:
            self.journal.append("rejected")
        self.written += [(partition, r.record.offset, r.reason) for r in rejections]


class FakeLedger(LedgerReader):
    """The ledger; tests assign its partitions and append to `records`."""

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        super().__init__(ConsumerSettings(), on_change)
        self.records: dict[int, list[FakeRecord]] = {}
        self.reading: dict[int, int] = {}  # next offsets of the partitions that are being read
        self.committed: dict[int, int] = {}
        self.errors: list[Exception] = []  # what the next calls raise
        self._assigned: list[int] = []
        self.answers_others = True
        self.gone = False  # whether the topic was deleted
        self.starts = 0
        self.seeks = 0

    def give(self, *partitions: int) -> None:
        """Assign these partitions, as a rebalance of the group does."""
        self._assigned = list(partitions)
        self.reading.clear()
        self._changed(())

    @property
    @override
    def partitions(self) -> int:
        if self.gone:
            raise LedgerUnavailableError("topic votes does not exist")
        return PARTITIONS

    @property
    @override
    def assigned(self) -> list[int]:
        return self._assigned

    @override
    async def start(self) -> None:
        self._fail()
        self.starts += 1

    @override
    async def reachable(self) -> bool:
        return self.answers_others

    @override
    async def stop(self) -> None:
        self.give()

    @override
    def seek(self, partition: int, offset: int) -> None:
        self.reading[partition] = offset
        self.seeks += 1

    @override
    def pause(self, partition: int) -> None:
        self.reading.pop(partition, None)

    @override
    async def poll(self, seconds: float) -> Records:
        await asyncio.sleep(0)
        self._fail()
        found: dict[int, list[Any]] = {}
        for partition, offset in self.reading.items():
            records = self.records.get(partition, [])
            if offset > len(records):
                raise OutsideLedgerError({partition: offset})
            if new := records[offset:]:
                found[partition] = new
                self.reading[partition] = len(records)
        return found

    @override
    async def end_offsets(self) -> dict[int, int]:
        self._fail()
        return {partition: len(self.records.get(partition, [])) for partition in self._assigned}

    @override
    async def commit(self, offsets: Mapping[int, int]) -> None:
        self._fail()
        self.committed |= offsets

    @override
    async def last_committed(self, partitions: Collection[int]) -> dict[int, int]:
        self._fail()
        return {p: self.committed[p] for p in partitions if p in self.committed}

    def _fail(self) -> None:
        if self.errors:
            raise self.errors.pop(0)
