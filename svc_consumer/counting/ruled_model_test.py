"""Any interleaving of votes, rulings, consumers and losses ends in the same net sums.

At every moment what rulings take is what a plain recount of the ledger gives for the version that
is stored. The second part breaks rules one at a time; the model must find each of them.
"""

from collections.abc import Callable, Sequence
from typing import Any, override
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from svc_consumer.counting import excluder
from svc_consumer.counting.excluder import Ends, Excluder
from svc_consumer.counting.positions import offset_of
from svc_consumer.testing.fakes import FakeTally
from svc_consumer.testing.model import READ_PARTITIONS, Pause, SteppedLog, SteppedTally, id_of
from svc_consumer.testing.ruled_model import RuledSystem
from voting.client.samples import SAMPLE_POLLS
from voting.polls.poll import SKEW_MS, Poll
from voting.polls.ruling import (
    Between,
    Lift,
    OfClass,
    Ruling,
    RulingState,
    Selection,
    rulings_in_force,
    vote_ids,
)
from voting.stores.tally_exclusion import Exclusion
from voting.stores.vote_log import StoredPosition

partitions = st.sampled_from(READ_PARTITIONS)
polls = st.sampled_from(SAMPLE_POLLS)
two = st.sampled_from(range(2))
few = st.integers(1, 4)
ahead = st.integers(0, SKEW_MS)
voters = st.lists(st.integers(0, 5), min_size=1, max_size=4)


class RuledModel(RuleBasedStateMachine):
    """Two consumers that count and two that apply rulings, perhaps those of an old log of polls."""

    log: type[SteppedLog] = SteppedLog
    tally: type[SteppedTally] = SteppedTally
    excluder: type[Excluder] = Excluder

    def __init__(self) -> None:
        super().__init__()
        self.system = RuledSystem(self.log(), self.tally(), self.excluder)
        self.kept = self.system.log.copy(), self.system.tally.copy()

    @rule(partition=partitions, some=voters, rank=few)
    def votes_are_cast(self, partition: int, some: list[int], rank: int) -> None:
        for voter in some:
            self.system.ledger.cast(partition, voter, rank)

    @rule(ms=st.sampled_from([1, SKEW_MS // 2, SKEW_MS + 1]))
    def time_passes(self, ms: int) -> None:
        self.system.ledger.now_ms += ms

    @rule(broker=partitions, log=ahead, of_broker=ahead, who=two, of_consumer=ahead)
    def clocks_are_set(
        self, broker: int, log: int, of_broker: int, who: int, of_consumer: int
    ) -> None:
        self.system.polls.ahead_ms = log
        self.system.ledger.ahead_ms[broker] = of_broker
        self.system.excluders[who].ahead_ms = of_consumer

    @rule(poll=polls, partition=partitions, some=voters)
    def ids_are_ruled_out(self, poll: str, partition: int, some: list[int]) -> None:
        ids = (UUID(id_of(partition, voter)).bytes for voter in some)
        self.system.polls.propose(poll, vote_ids(ids))

    @rule(poll=polls, voter_class=st.sampled_from([0, 1]))
    def a_class_is_ruled_out(self, poll: str, voter_class: int) -> None:
        self.system.polls.propose(poll, OfClass(voter_class))

    @rule(poll=polls, since=st.integers(1, 3_000), length=st.integers(1, 3_000))
    def a_time_is_ruled_out(self, poll: str, since: int, length: int) -> None:
        begin = self.system.ledger.now_ms - since
        self.system.polls.propose(poll, Between(begin, begin + length))

    @rule(poll=polls, which=few)
    def a_ruling_is_lifted(self, poll: str, which: int) -> None:
        if taking := rulings_in_force(self.system.polls.newest[poll].rulings):
            self.system.polls.propose(poll, Lift(taking[which % len(taking)].number))
            self.system.polls.approve(poll, len(self.system.polls.newest[poll].rulings))

    @rule(poll=polls, which=few)
    def a_ruling_is_approved(self, poll: str, which: int) -> None:
        rulings = self.system.polls.newest[poll].rulings
        waiting = [one.number for one in rulings if one.state is RulingState.PROPOSED]
        if waiting:
            self.system.polls.approve(poll, waiting[which % len(waiting)])

    @rule(poll=polls)
    def a_poll_is_cut(self, poll: str) -> None:
        self.system.polls.cut(poll)

    @rule(who=two, steps=st.integers(1, 12), batch=few)
    def a_consumer_counts(self, who: int, steps: int, batch: int) -> None:
        for _ in range(steps):
            self.system.consumers[who].step(batch, *READ_PARTITIONS)

    @rule(who=two, steps=st.integers(1, 12), old=st.integers(0, 3))
    def a_consumer_applies_rulings(self, who: int, steps: int, old: int) -> None:
        """It may not know the last events yet, stop anywhere, and go on much later."""
        for _ in range(steps):
            self.system.excluders[who].step(max(0, len(self.system.polls.views) - 1 - old))

    @rule(who=two)
    def a_consumer_is_killed(self, who: int) -> None:
        self.system.consumers[who].end()
        self.system.excluders[who].end()

    @rule()
    def the_tally_is_lost(self) -> None:
        self.system.tally.lose_everything()

    @rule()
    def the_log_is_lost(self) -> None:
        self.system.log.lose_everything()

    @rule()
    def the_stores_are_copied(self) -> None:
        self.kept = self.system.log.copy(), self.system.tally.copy()

    @rule()
    def the_tally_is_set_back(self) -> None:
        self.system.tally.set_back(self.kept[1])

    @rule()
    def all_is_quiet(self) -> None:
        self.system.check_net()

    @invariant()
    def what_rulings_take_is_right_for_its_version(self) -> None:
        self.system.check_exclusions()

    @invariant()
    def every_total_is_right_at_its_position(self) -> None:
        self.system.check_tally()

    @override
    def teardown(self) -> None:
        self.system.check_net()


BOUNDS: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "database": None,
}


def test_any_interleaving_ends_in_the_same_net_sums() -> None:
    run_state_machine_as_test(
        RuledModel, settings=settings(max_examples=150, stateful_step_count=50, **BOUNDS)
    )


class AnyVersion(SteppedTally):
    """Takes what an older log of polls says."""

    @override
    async def exclude(self, poll: str, exclusion: Exclusion, ends: Ends) -> bool:
        self.about_to_exclude = True
        await Pause()
        self.exclusions.pop(poll, None)
        return await FakeTally.exclude(self, poll, exclusion, ends)


class AnyPosition(SteppedTally):
    """Takes what was not counted yet."""

    @override
    async def exclude(self, poll: str, exclusion: Exclusion, ends: Ends) -> bool:
        return await super().exclude(poll, exclusion, ())


class NamelessOwners(SteppedLog):
    """Does not tell who owns a partition."""

    @override
    async def positions(self, partitions: Sequence[int]) -> dict[int, StoredPosition]:
        found = await super().positions(partitions)
        return {number: stored._replace(owner="") for number, stored in found.items()}


class OneClock(Excluder):
    """Does not wait for the clocks of other machines."""

    @override
    async def _ends_of(self, poll: Poll) -> Ends | None:
        before, self._clock = self._clock, lambda: 10**12
        try:
            return await super()._ends_of(poll)
        finally:
            self._clock = before


class CountedEnds(Excluder):
    """Goes by what was counted, not by what the ledger has."""

    @override
    async def _ends_of(self, poll: Poll) -> Ends | None:
        if (ends := await super()._ends_of(poll)) is None:
            return None
        positions = await self._tally.positions(READ_PARTITIONS)
        counted = (offset_of(positions[number]) + 1 for number in READ_PARTITIONS)
        return tuple(map(min, ends, counted, strict=True))


class NoCut(Excluder):
    """Also excludes what lies behind the cut."""

    @override
    async def _ends_of(self, poll: Poll) -> Ends | None:
        return None if await super()._ends_of(poll) is None else await self._ledger_ends()


class FirstEnds(Excluder):
    """Keeps the ends that it learnt for the first ruling."""

    @override
    async def _ends_of(self, poll: Poll) -> Ends | None:
        if poll.id in self._ends and poll.cut is None:
            return self._ends[poll.id][1]
        return await super()._ends_of(poll)


def last_first(rulings: Sequence[Ruling]) -> tuple[Ruling, ...]:
    return rulings_in_force(rulings)[::-1]


def lifted_or_not(rulings: Sequence[Ruling]) -> tuple[Ruling, ...]:
    return rulings_in_force([msgspec.structs.replace(one, lifted_by=None) for one in rulings])


def in_order_of_proposal(rulings: Sequence[Ruling]) -> tuple[Ruling, ...]:
    return tuple(sorted(rulings_in_force(rulings), key=lambda one: one.number))


def for_good(rulings: Sequence[Ruling]) -> tuple[Ruling, ...]:
    """Rulings that reach later votes, too."""
    return tuple(
        msgspec.structs.replace(one, proposed_at_ms=one.proposed_at_ms + 700)
        for one in rulings_in_force(rulings)
    )


@pytest.mark.parametrize("wrong", [lifted_or_not, for_good, last_first])
def test_rulings_applied_wrongly_are_found(
    wrong: Callable[[Sequence[Ruling]], tuple[Ruling, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excluder, "rulings_in_force", wrong)
    bounds = settings(max_examples=2000, stateful_step_count=50, phases=[Phase.generate], **BOUNDS)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(RuledModel, settings=bounds)


# Scenarios that need so many coincidences that random search rarely finds them.

POLL = SAMPLE_POLLS[0]
RANK = 1  # of votes in it, by voters of class 0


def apply(system: RuledSystem, who: int = 0, steps: int = 40) -> None:
    for _ in range(steps):
        system.excluders[who].step(len(system.polls.views))


def rule_out(system: RuledSystem, *selections: Selection) -> None:
    """Propose rulings, and approve them, the last one first."""
    proposed = len(system.polls.newest[POLL].rulings)
    for selection in selections:
        system.polls.propose(POLL, selection)
    for number in range(len(selections), 0, -1):
        system.polls.approve(POLL, proposed + number)


def late(system: RuledSystem) -> None:
    """Let so much time pass that all clocks are past all that has happened."""
    system.ledger.now_ms += 2 * SKEW_MS + 1


def a_broker_is_behind(system: RuledSystem) -> None:
    """It appends a vote after the ruling, with an earlier time."""
    system.polls.ahead_ms = system.excluders[0].ahead_ms = SKEW_MS
    rule_out(system, OfClass(0))
    system.ledger.now_ms += 1
    apply(system)
    system.ledger.cast(0, 1, RANK)


def the_log_is_lost_while_rulings_are_applied(system: RuledSystem) -> None:
    system.ledger.cast(0, 1, RANK)
    rule_out(system, OfClass(0))
    system.consumers[0].catch_up()
    late(system)
    apply(system, steps=6)  # it has asked who owns the partitions, and adds up next
    system.log.lose_everything()
    apply(system, steps=1)
    system.consumers[0].catch_up()
    apply(system)


def the_tally_is_lost_before_rulings_are_applied(system: RuledSystem) -> None:
    system.ledger.cast(0, 1, RANK)
    rule_out(system, OfClass(0))
    system.consumers[0].catch_up()
    late(system)
    while not system.tally.about_to_exclude:
        apply(system, steps=1)
    system.tally.lose_everything()
    apply(system, steps=1)
    system.check_exclusions()


def votes_are_not_counted_yet(system: RuledSystem) -> None:
    system.ledger.cast(0, 1, RANK)
    rule_out(system, OfClass(0))
    late(system)
    apply(system)


def another_ruling_reaches_further(system: RuledSystem) -> None:
    rule_out(system, OfClass(0))
    late(system)
    apply(system)
    system.ledger.cast(0, 1, RANK)
    system.consumers[0].catch_up()
    rule_out(system, OfClass(0))
    late(system)
    apply(system)


def a_vote_lies_behind_the_cut(system: RuledSystem) -> None:
    system.polls.cut(POLL)
    system.ledger.cast(0, 1, RANK)
    system.consumers[0].catch_up()
    rule_out(system, OfClass(0))
    late(system)
    apply(system)


def two_rulings_reach_a_vote(system: RuledSystem) -> None:
    system.ledger.cast(0, 1, RANK)
    rule_out(system, OfClass(0), vote_ids([UUID(id_of(0, 1)).bytes]))


def a_consumer_wakes_with_an_old_log_of_polls(system: RuledSystem) -> None:
    """Another one has applied meanwhile that the ruling was lifted."""
    system.ledger.cast(0, 1, RANK)
    rule_out(system, OfClass(0))
    system.consumers[0].catch_up()
    late(system)
    while not system.tally.about_to_exclude:
        apply(system, 1, steps=1)
    rule_out(system, Lift(1))
    late(system)
    apply(system)
    apply(system, 1, steps=1)
    if system.tally.exclusions[POLL].excluded.total.votes:
        raise AssertionError("a lifted ruling is applied again")


type Scenario = Callable[[RuledSystem], None]


def play(scenario: Scenario, **broken: Any) -> None:
    parts = {"log": SteppedLog, "tally": SteppedTally, "excluder": Excluder} | broken
    system = RuledSystem(parts["log"](), parts["tally"](), parts["excluder"])
    scenario(system)
    system.check_net()


@pytest.mark.parametrize(
    ("scenario", "broken"),
    [
        (a_broker_is_behind, {"excluder": OneClock}),
        (the_log_is_lost_while_rulings_are_applied, {"log": NamelessOwners}),
        (the_tally_is_lost_before_rulings_are_applied, {"tally": AnyPosition}),
        (votes_are_not_counted_yet, {"excluder": CountedEnds}),
        (another_ruling_reaches_further, {"excluder": FirstEnds}),
        (a_vote_lies_behind_the_cut, {"excluder": NoCut}),
        (a_consumer_wakes_with_an_old_log_of_polls, {"tally": AnyVersion}),
    ],
)
def test_a_rule_broken_at_the_right_moment_is_found(
    scenario: Scenario, broken: dict[str, Any]
) -> None:
    play(scenario)
    with pytest.raises(AssertionError):
        play(scenario, **broken)


@pytest.mark.parametrize("wrong", [last_first, in_order_of_proposal])
def test_rulings_in_a_wrong_order_are_found(
    wrong: Callable[[Sequence[Ruling]], tuple[Ruling, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    play(two_rulings_reach_a_vote)
    monkeypatch.setattr(excluder, "rulings_in_force", wrong)
    with pytest.raises(AssertionError):
        play(two_rulings_reach_a_vote)
