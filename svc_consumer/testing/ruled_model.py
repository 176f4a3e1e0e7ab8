"""The model of counting with rulings: a log of polls, and those who compute what rulings take.

Clocks differ: of the brokers, of the log of polls, and of each consumer.
"""

from collections.abc import Coroutine, Mapping
from typing import Final
from uuid import UUID

from svc_consumer.counting.excluder import Ends, Excluder
from svc_consumer.counting.positions import offset_of
from svc_consumer.counting.projector import Projector
from svc_consumer.testing.fakes import PARTITIONS
from svc_consumer.testing.model import (
    READ_PARTITIONS,
    ModelLedger,
    Pause,
    SteppedLog,
    SteppedSystem,
    SteppedTally,
)
from voting.client.samples import SAMPLE_POLLS
from voting.domain.tally import PollTally, entry_key, tally_of
from voting.domain.vote import VOTER_CLASS_MAX, Vote
from voting.polls.definition import Entry
from voting.polls.event import Approve, Change, Close, Cut, Open, Propose
from voting.polls.excluded import Excluded, Rulings, exclusion_version, net
from voting.polls.poll import SKEW_MS, Poll
from voting.polls.ruling import Selection, rulings_in_force
from voting.recount.final_result import sum_up
from voting.recount.partition_count import PartitionCount
from voting.stores.errors import NO_POSITION
from voting.stores.tally_exclusion import NOTHING_EXCLUDED
from voting.testing.polls import PollLog
from voting.voters.rules import VoterClass, VoterRules

ANA: Final = "ana"
BEN: Final = "ben"
_CLASSES: Final = tuple(VoterClass(f"c{n}", n) for n in (0, 1, VOTER_CLASS_MAX))
_ENTRIES: Final = tuple(Entry(str(n), "Band", f"Album {n}", 2000) for n in range(4))
_MOST_STEPS: Final = 1_000
_SETTLED_MS: Final = 60_000


class ModelPolls:
    """The log of polls, and what its readers have known after each event."""

    def __init__(self, ledger: ModelLedger) -> None:
        self._ledger = ledger
        self.ahead_ms = 0
        self.log = PollLog()
        self.views: list[Mapping[str, Poll]] = [{}]
        for poll in SAMPLE_POLLS:
            voters = VoterRules(scope="s", key=1, classes=_CLASSES)
            self.log.define(ledger.now_ms, poll=poll, entries=_ENTRIES, voters=voters)
            self._append(Open(), poll, ANA)

    @property
    def newest(self) -> Mapping[str, Poll]:
        """All polls after the last event."""
        return self.views[-1]

    def propose(self, poll: str, selection: Selection, *, approved: bool) -> None:
        """Propose a ruling, or what the rules do not allow; it may be approved at once."""
        self._append(Propose(selection, "bots"), poll, ANA)
        if approved:
            self.approve(poll, len(self.newest[poll].rulings))

    def approve(self, poll: str, number: int) -> None:
        """Approve a ruling, if there is such a one."""
        self._append(Approve(number), poll, BEN)

    def cut(self, poll: str) -> None:
        """Close a poll, let it settle, and cut it where the ledger ends."""
        self._append(Close(None), poll, ANA)
        self._ledger.now_ms += _SETTLED_MS
        self._append(Cut(self._ledger.ends), poll, ANA)

    def at_version(self, poll: str, version: int) -> Poll:
        """Return the poll as it was when its rulings had this version."""
        known = (view[poll] for view in self.views if poll in view)
        return next(one for one in known if exclusion_version(one) == version)

    def _append(self, change: Change, poll: str, author: str) -> None:
        self.log.append(change, self._ledger.now_ms + self.ahead_ms, poll, author)
        self.views.append(self.log.book.polls)


class ModelExcluder:
    """A consumer that computes what rulings take, one store call at a time."""

    def __init__(self, system: RuledSystem, excluder: type[Excluder]) -> None:
        self._system = system
        self._make = excluder
        self._excluder = self._new()
        self.ahead_ms = 0
        self._working: Coroutine[None, None, bool] | None = None

    def step(self, view: int) -> bool | None:
        """Advance to the next store call; start with what was known after so many events.

        Returns, at the end, whether nothing is left to do.
        """
        if self._working is None:
            known = self._system.polls.views
            polls = known[min(view, len(known) - 1)]
            self._working = self._excluder.apply(polls.values())
        try:
            self._working.send(None)
        except StopIteration as end:
            self._working = None
            return bool(end.value)
        return None

    def end(self) -> None:
        """End at once, wherever it is; the next step is that of a restarted process."""
        if self._working is not None:
            self._working.close()
        self._working = None
        self._excluder = self._new()

    def catch_up(self) -> None:
        """Restart, and apply all rulings."""
        self.end()
        for _ in range(_MOST_STEPS):
            if self.step(len(self._system.polls.views)):
                return
        raise AssertionError("it never applies all rulings")

    def _new(self) -> Excluder:
        system = self._system
        return self._make(
            system.log,
            system.tally,
            self._ledger_ends,
            lambda: system.ledger.now_ms + self.ahead_ms,
        )

    async def _ledger_ends(self) -> Ends:
        await Pause()
        return self._system.ledger.ends


class RuledSystem(SteppedSystem):
    """Ledger, stores, consumers, the log of polls, and the invariants of rulings."""

    def __init__(
        self, log: SteppedLog, tally: SteppedTally, excluder: type[Excluder] = Excluder
    ) -> None:
        super().__init__(log, tally, Projector, consumers=2)
        self.polls = ModelPolls(self.ledger)
        self.excluders = [ModelExcluder(self, excluder) for _ in range(2)]

    def check_exclusions(self) -> None:
        """Fail unless what rulings take is right for its version, and was counted before."""
        for poll, (version, excluded) in self.tally.exclusions.items():
            taken = self._taken(self.polls.at_version(poll, version))
            _same(excluded, _added_up(taken))
            for partition, offset, _, _ in taken:
                counted = offset_of(self.tally.stored.get(partition, NO_POSITION))
                if offset > counted:
                    raise AssertionError(f"{offset} of {partition} is excluded, not yet counted")

    def check_net(self) -> None:
        """Let all be counted and all rulings applied; fail unless what is left is right."""
        self.ledger.now_ms += 2 * SKEW_MS + 1
        self.check_all()
        self.excluders[0].catch_up()
        self.check_exclusions()
        for poll in self.polls.newest.values():
            exclusion = self.tally.exclusions.get(poll.id, NOTHING_EXCLUDED)
            _same(exclusion.version, exclusion_version(poll))
            taken = {vote.id for _, _, vote, _ in self._taken(poll)}
            ends = dict(zip(READ_PARTITIONS, self.ledger.ends, strict=True))
            counting = (
                v for p, end in ends.items() for _, v in self.ledger.counting(p, end).values()
            )
            left = tally_of(v for v in counting if v.poll == poll.id and v.id not in taken)
            counted = self.tally.counts.polls.get(poll.id, PollTally())
            _same(net(counted, exclusion.excluded), left.polls.get(poll.id, PollTally()))
            _same(self._recounted(poll), exclusion.excluded)

    def _recounted(self, poll: Poll) -> Excluded:
        """Return what svc_polls finds in the ledger's records alone, to be published."""
        counts = []
        for partition, end in enumerate(poll.cut or self.ledger.ends):
            rulings = Rulings(rulings_in_force(poll.rulings))
            count = PartitionCount(poll.id, partition, PARTITIONS, rulings)
            for record in self.ledger.records[partition][:end]:
                count.take(record.offset, record.key, record.value, record.timestamp)
            counts.append(count)
        return sum_up(counts).excluded

    def _taken(self, poll: Poll) -> list[tuple[int, int, Vote, int]]:
        """Return partition, offset, vote and ruling of each vote that is excluded."""
        found = []
        for partition in READ_PARTITIONS:
            end = poll.cut[partition] if poll.cut else self.ledger.ends[partition]
            for offset, vote in self.ledger.counting(partition, end - 1).values():
                at_ms = self.ledger.records[partition][offset].timestamp
                number = _ruling_on(poll, vote, at_ms)
                if number is not None:
                    found.append((partition, offset, vote, number))
        return found


def _ruling_on(poll: Poll, vote: Vote, at_ms: int) -> int | None:
    if vote.poll != poll.id:
        return None
    vote_id = UUID(vote.id).bytes
    for one in rulings_in_force(poll.rulings):
        if one.reaches(vote_id, vote.voter_class, at_ms):
            return one.number
    return None


def _added_up(taken: list[tuple[int, int, Vote, int]]) -> Excluded:
    excluded = Excluded()
    for _, _, vote, number in taken:
        key = entry_key(vote.entry, vote.voter_class)
        excluded.of(number).add(key, 1, vote.rank, vote.route)
    return excluded


def _same(found: object, expected: object) -> None:
    if found != expected:
        raise AssertionError(f"{found} instead of {expected}")
