"""Any interleaving of consumers' steps and stores' losses ends in the same totals.

The invariants hold at every moment: tally and log have exactly what counts up to their positions.
The second part breaks rules one at a time; the model must find each of them.
"""

from collections.abc import Callable, Sequence
from typing import Any, override

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from svc_consumer.counting.positions import offset_of
from svc_consumer.counting.projector import Projector
from svc_consumer.testing.model import (
    READ_PARTITIONS,
    Pause,
    SteppedLog,
    SteppedSystem,
    SteppedTally,
)
from svc_consumer.testing.state_machines import holds_always, is_found_broken
from voting.client.samples import SAMPLE_POLLS
from voting.domain.tally import add_tally
from voting.stores.errors import NO_POSITION
from voting.stores.log_slices import SliceSum
from voting.stores.tally_store import TallyMove
from voting.stores.vote_log import LogMove, StoredPosition

TOGETHER = [(0,), (1,), READ_PARTITIONS]

partitions = st.sampled_from(READ_PARTITIONS)
consumers = st.sampled_from(range(3))
few = st.integers(1, 4)


class Model(RuleBasedStateMachine):
    """Three consumers, each of which may believe at any time that it owns all partitions."""

    log: type[SteppedLog] = SteppedLog

    def __init__(self) -> None:
        super().__init__()
        self.system = SteppedSystem(self.log(), SteppedTally(), Projector, consumers=3)
        self.kept_log = self.system.log.copy()
        self.kept_tally = self.system.tally.copy()

    @rule(partition=partitions, voters=st.lists(st.integers(0, 5), max_size=6), rank=few)
    def votes_are_cast(self, partition: int, voters: list[int], rank: int) -> None:
        """Append votes; some repeat an earlier id, with another rank."""
        for voter in voters:
            self.system.ledger.cast(partition, voter, rank)

    @rule(partition=partitions)
    def something_else_is_written(self, partition: int) -> None:
        self.system.ledger.append_garbage(partition)

    @rule(who=consumers, on=st.sampled_from(TOGETHER), steps=st.integers(1, 12), batch=few)
    def a_consumer_works(self, who: int, on: Sequence[int], steps: int, batch: int) -> None:
        """Run a few steps; a consumer may stop anywhere and go on much later."""
        for _ in range(steps):
            self.system.consumers[who].step(batch, *on)

    @rule(who=consumers)
    def a_consumer_is_killed(self, who: int) -> None:
        self.system.consumers[who].end()

    @rule()
    def the_tally_is_lost(self) -> None:
        self.system.tally.lose_everything()

    @rule()
    def the_log_is_lost(self) -> None:
        self.system.log.lose_everything()

    @rule(poll=st.sampled_from(SAMPLE_POLLS), steps=st.integers(1, 12), back=st.integers(0, 3))
    def a_result_is_read(self, poll: str, steps: int, back: int) -> None:
        """Read on; a new reading is of a cut so many records before the ledger's ends."""
        cut = [max(0, len(records) - back) for records in self.system.ledger.records.values()]
        for _ in range(steps if any(cut) else 0):
            self.system.result_reader.step(poll, cut)

    @rule()
    def the_stores_are_copied(self) -> None:
        self.kept_log, self.kept_tally = self.system.log.copy(), self.system.tally.copy()

    @rule(log=st.booleans(), tally=st.booleans())
    def stores_are_set_back(self, *, log: bool, tally: bool) -> None:
        if log:
            self.system.log.set_back(self.kept_log)
            # Nobody restores a log, with the owners it had, in the seconds that a reading takes.
            self.system.result_reader.give_up()
        if tally:
            self.system.tally.set_back(self.kept_tally)

    @rule()
    def all_is_quiet(self) -> None:
        self.system.check_all()

    @invariant()
    def every_total_is_right_at_its_position(self) -> None:
        self.system.check_tally()
        self.system.check_log()

    @override
    def teardown(self) -> None:
        self.system.check_all()


def test_any_interleaving_ends_in_the_same_totals() -> None:
    holds_always(Model, steps=40)


class UnfencedLog(SteppedLog):
    """Advances for any owner, from any position."""

    @override
    async def advance(self, moves: Sequence[LogMove]) -> int:
        await Pause()
        for move in moves:
            stored = self.stored.get(move.partition, StoredPosition("", move.owner, 6))
            self.stored[move.partition] = stored._replace(position=move.position)
        return len(moves)


class FencedTogether(SteppedLog):
    """Says that all have passed the fence when one has."""

    @override
    async def advance(self, moves: Sequence[LogMove]) -> int:
        return len(moves) if await super().advance(moves) else 0


class LaterCopiesStay(SteppedLog):
    """Keeps a later copy where an earlier one belongs."""

    @override
    async def rewrite(self, documents: Any) -> None:
        return


class SumsBeyondThePosition(SteppedLog):
    """Heals with a vote beyond the log's position, which may not count."""

    @override
    async def sum_up(self, partition: int, after: int, upto: int) -> SliceSum:
        found = await super().sum_up(partition, after, upto + 1)
        return found._replace(last=None if found.last is None else min(found.last, upto))


class UncomparedTally(SteppedTally):
    """Counts without comparing its position."""

    @override
    async def advance(self, moves: Sequence[TallyMove]) -> list[str]:
        await Pause()
        for move in moves:
            add_tally(self.counts, move.delta)
            self.stored[move.partition] = move.position
        return [move.position for move in moves]


class CountsTogether(SteppedTally):
    """Adds what all partitions bring when one is where it was expected."""

    @override
    async def advance(self, moves: Sequence[TallyMove]) -> list[str]:
        stored = await super().advance(moves)
        made = [position == move.position for position, move in zip(stored, moves, strict=True)]
        for move, was_made in zip(moves, made, strict=True):
            if any(made) and not was_made:
                add_tally(self.counts, move.delta)
        return stored


class UnfencedHealing(SteppedLog):
    """Lets anyone through who does not advance the position."""

    @override
    async def advance(self, moves: Sequence[LogMove]) -> int:
        made = await super().advance(moves)
        confirms = all(move.expected == move.position for move in moves)
        return len(moves) if confirms else made


class NamelessOwners(SteppedLog):
    """Does not tell who owns a partition."""

    @override
    async def positions(self, partitions: Sequence[int]) -> dict[int, StoredPosition]:
        found = await super().positions(partitions)
        return {number: stored._replace(owner="") for number, stored in found.items()}


@pytest.mark.parametrize("broken", [UnfencedLog, SumsBeyondThePosition])
def test_a_broken_rule_is_found(broken: type[SteppedLog]) -> None:
    machine = type("Broken", (Model,), {"log": broken})
    is_found_broken(machine, steps=40)


# Scenarios that need so many coincidences that random search rarely finds them.


def a_later_copy_gets_in_after_a_loss(log: SteppedLog, tally: SteppedTally) -> SteppedSystem:
    system = SteppedSystem(log, tally, Projector, consumers=2)
    system.ledger.cast(0, voter=1, rank=1)
    system.consumers[0].catch_up()
    log.lose_everything()
    system.ledger.cast(0, voter=1, rank=2)
    for _ in range(10):
        system.consumers[0].step(1, 0)
    return system


def the_log_is_lost_while_the_tally_heals(log: SteppedLog, tally: SteppedTally) -> SteppedSystem:
    system = SteppedSystem(log, tally, Projector, consumers=2)
    system.ledger.cast(0, voter=1, rank=1)
    system.consumers[0].catch_up()
    system.tally.lose_everything()
    while not system.consumers[1].believes(0):
        system.consumers[1].step(1, 0)
    log.lose_everything()
    for _ in range(10):
        system.consumers[1].step(1, 0)
    return system


def a_consumer_wakes_between_fence_and_tally(log: SteppedLog, tally: SteppedTally) -> SteppedSystem:
    system = SteppedSystem(log, tally, Projector, consumers=2)
    system.ledger.cast(0, voter=1, rank=1)
    zombie, other = system.consumers
    while 0 not in log.stored or log.stored[0].position == NO_POSITION:
        zombie.step(1, 0)
    other.catch_up()
    for _ in range(10):
        zombie.step(1, 0)
    return system


def one_of_two_partitions_loses_its_log(log: SteppedLog, tally: SteppedTally) -> SteppedSystem:
    """It takes a later copy for the first, and does not pass the fence; the other does."""
    system = SteppedSystem(log, tally, Projector, consumers=1)
    [consumer] = system.consumers
    system.ledger.cast(0, voter=1, rank=1)
    consumer.catch_up()
    kept = log.copy()
    system.ledger.cast(1, voter=1, rank=1)
    while tally.stored[1] == NO_POSITION:
        consumer.step(1, 1)
    log.set_back(kept)
    system.ledger.cast(0, voter=2, rank=1)
    system.ledger.cast(1, voter=1, rank=2)
    for _ in range(10):
        consumer.step(1, 0, 1)
    return system


def one_of_two_partitions_is_counted_by_another(
    log: SteppedLog, tally: SteppedTally
) -> SteppedSystem:
    """The consumer was suspended between fences and tally, and adds only the other partition."""
    system = SteppedSystem(log, tally, Projector, consumers=2)
    zombie, other = system.consumers
    for partition in READ_PARTITIONS:
        system.ledger.cast(partition, voter=1, rank=1)
    while not all(p in log.stored and log.stored[p].position != NO_POSITION for p in (0, 1)):
        zombie.step(1, 0, 1)
    system.ledger.cast(1, voter=2, rank=1)
    while offset_of(tally.stored[1]) < 1:
        other.step(2, 1)
    for _ in range(10):
        zombie.step(1, 0, 1)
    return system


def the_log_is_lost_while_a_result_is_read(log: SteppedLog, tally: SteppedTally) -> SteppedSystem:
    system = SteppedSystem(log, tally, Projector, consumers=1)
    for voter in range(6):
        system.ledger.cast(0, voter, rank=1)
    system.consumers[0].catch_up()
    for _ in range(4):
        system.result_reader.step(SAMPLE_POLLS[0], (6, 0))
    log.lose_everything()
    system.result_reader.step(SAMPLE_POLLS[0], (6, 0))
    system.consumers[0].catch_up()
    for _ in range(40):
        system.result_reader.step(SAMPLE_POLLS[0], (6, 0))
    return system


@pytest.mark.parametrize(
    ("scenario", "log", "tally"),
    [
        (a_later_copy_gets_in_after_a_loss, LaterCopiesStay, SteppedTally),
        (the_log_is_lost_while_the_tally_heals, UnfencedHealing, SteppedTally),
        (a_consumer_wakes_between_fence_and_tally, SteppedLog, UncomparedTally),
        (one_of_two_partitions_loses_its_log, FencedTogether, SteppedTally),
        (one_of_two_partitions_is_counted_by_another, SteppedLog, CountsTogether),
        (the_log_is_lost_while_a_result_is_read, NamelessOwners, SteppedTally),
    ],
)
def test_a_rule_broken_at_the_right_moment_is_found(
    scenario: Callable[[SteppedLog, SteppedTally], SteppedSystem],
    log: type[SteppedLog],
    tally: type[SteppedTally],
) -> None:
    scenario(SteppedLog(), SteppedTally()).check_all()
    with pytest.raises(AssertionError):
        scenario(log(), tally()).check_all()
