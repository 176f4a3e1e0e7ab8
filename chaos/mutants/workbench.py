"""The consumer's counting, step by step: with real stores, and a ledger in memory."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from harness.promise.check import Violation, violations
from harness.promise.ledger_reader import LedgerVotes, Rejections, logged_vote
from harness.promise.stores_reader import Contents
from harness.voters.sent_votes import SentVotes
from svc_consumer.counting.batch import Batch
from svc_consumer.counting.partition import Partition
from svc_consumer.counting.projector import Projector
from svc_consumer.errors import StaleError
from svc_consumer.ledger.records import Rejection
from svc_consumer.loop.assignment import Assignment
from svc_consumer.loop.verifier import Verifier
from svc_consumer.loop.waiting import Waiting
from voting.client.samples import SAMPLE_POLLS, poll_fields, sample_vote
from voting.client.sent_vote import SentVote
from voting.domain.codec import encode_vote
from voting.domain.vote import Vote, new_vote_id, partition_of
from voting.polls.book import PollBook
from voting.polls.definition import Entry, PollDefinition, Titles
from voting.polls.event import Change, Cut, Define, Event, encode_event
from voting.polls.poll import Poll
from voting.service.lifecycle import Readiness
from voting.stores.errors import StoreUnavailableError
from voting.stores.logged_vote import Place
from voting.stores.poll_result import votes_before_cut
from voting.stores.tally_store import TallyStore
from voting.stores.vote_log import VoteLog

PARTITION: Final = 3
OTHER: Final = 4
_PARTITIONS: Final = 6
_BATCH: Final = 10
_TRIES: Final = 5
_CAST_AT_MS: Final = 1_764_000_000_000
_CLOSED: Final = PollDefinition(
    titles=Titles("Best album", "Mejor álbum"),
    entries=(Entry("blue", "Joni Mitchell", "Blue", 1971),),
    opens_at_ms=_CAST_AT_MS,
    closes_at_ms=_CAST_AT_MS + 1,
    answer_within_ms=7_000,
)


class LedgerRecord(NamedTuple):
    """A record of the ledger in memory."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = -1
    headers: tuple[tuple[str, bytes | None], ...] = ()


class Ledger:
    """Two partitions of the ledger, one of which may stay empty, and what their voters sent."""

    def __init__(self) -> None:
        self.partitions: dict[int, list[LedgerRecord]] = {PARTITION: [], OTHER: []}
        self.sent_votes = SentVotes()
        self._first: dict[str, tuple[Place, Vote]] = {}
        self._polls: Mapping[str, Poll] = {}

    @property
    def records(self) -> list[LedgerRecord]:
        """The records of the first partition."""
        return self.partitions[PARTITION]

    def cast(
        self, count: int, partition: int = PARTITION, *, acknowledged: bool = True
    ) -> list[Vote]:
        """Append votes, in two polls and in none; their voters may get no answer."""
        votes = [
            sample_vote(
                id=new_vote_id(partition), rank=rank, cast_at_ms=_CAST_AT_MS, **poll_fields(rank)
            )
            for rank in range(1, count + 1)
        ]
        for vote in votes:
            self.append(vote, acknowledged=acknowledged)
        return votes

    def append(self, vote: Vote, *, acknowledged: bool = True) -> None:
        """Append one copy of a vote; its voter may get no answer."""
        partition = partition_of(vote.id, _PARTITIONS)
        records = self.partitions[partition]
        place = Place(partition, len(records))
        records.append(LedgerRecord(place.offset, vote.id.encode(), encode_vote(vote)))
        self._first.setdefault(vote.id, (place, vote))
        sent = SentVote.of(vote)
        self.sent_votes.sent.setdefault(vote.id, sent)
        if acknowledged:
            self.sent_votes.acknowledge(sent, at=0.0)

    def cut(self) -> None:
        """Close both polls, with the end of the ledger as their cut."""
        ends = tuple(len(self.partitions.get(p, ())) for p in range(_PARTITIONS))
        book = PollBook()
        for poll in SAMPLE_POLLS:
            _append(book, Define(_CLOSED), 0, poll)
        for poll in SAMPLE_POLLS:
            _append(book, Cut(ends), book.polls[poll].settled_at_ms or 0, poll)
        self._polls = book.polls

    async def check(self, log: VoteLog, tally: TallyStore) -> list[Violation]:
        """Check the stores against what the voters were promised, as after every run."""
        first = {i: logged_vote(vote, *place) for i, (place, vote) in self._first.items()}
        ledger = LedgerVotes(first, sum(map(len, self.partitions.values())))
        contents = Contents(
            ledger,
            [logged async for logged in log.all_votes()],
            await tally.read(),
            Rejections(frozenset(), []),
            self._polls or None,
            {i: await votes_before_cut(log, i, poll.cut or ()) for i, poll in self._polls.items()},
        )
        return violations(self.sent_votes, contents)


def _append(book: PollBook, change: Change, at_ms: int, poll: str) -> None:
    event = Event(book.number + 1, book.last_hash, at_ms, "mutants", poll, change)
    recorded = book.apply(encode_event(event), at_ms)
    if recorded is None or recorded.refusal is not None:
        raise AssertionError("the event does not stand, or changes nothing")


class NothingRejected:
    """A topic of rejected records for a ledger that has none."""

    async def write(self, partition: int, rejections: Sequence[Rejection]) -> None:
        """Refuse to reject anything."""
        if rejections:
            raise AssertionError(f"partition {partition}: {rejections}")


class CountingConsumer:
    """A consumer whose main loop is run step by step."""

    def __init__(
        self, ledger: Ledger, projector: Projector, log: VoteLog, tally: TallyStore
    ) -> None:
        waiting = Waiting(Readiness(), ())
        self._ledger = ledger
        self._projector = projector
        self._assignment = Assignment()
        self._verifier = Verifier(log, tally, self._assignment, waiting, lambda: None)

    async def take_in_next(self, only: int | None = None) -> None:
        """Take in one batch of each partition together, or heal the tally from the log.

        On an error it drops a partition, as the main loop does.
        """
        batches = []
        for number, records in self._ledger.partitions.items():
            if not records or only not in (None, number):
                continue
            partition = await self._synced(number)
            at = partition.next_offset
            if partition.heals:
                await self._heal(partition)
            elif found := records[at : at + _BATCH]:
                batches.append(Batch(partition, found))
        await self._projector.take_in(batches)
        for batch in batches:
            if batch.error is not None:
                self._assignment.drop(batch.partition, batch.error)

    async def _synced(self, number: int) -> Partition:
        if number not in self._assignment.synced:
            self._assignment.add(await self._projector.sync(number, _PARTITIONS))
        return self._assignment.synced[number]

    async def _heal(self, partition: Partition) -> None:
        try:
            await self._projector.heal(partition)
        except (StaleError, StoreUnavailableError) as error:
            self._assignment.drop(partition, error)

    async def catch_up(self, only: int | None = None) -> None:
        """Take in all that the ledger has; give up after repeated failures."""
        batches = max(map(len, self._ledger.partitions.values())) // _BATCH + 1
        for _ in range(batches + _TRIES):
            await self.take_in_next(only)

    async def idle_for_a_second(self) -> None:
        """Do what the consumer does when no votes come: verify, and act on what is found."""
        await self._verifier.verify()
        await self.catch_up()
