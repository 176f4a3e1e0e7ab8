"""Any interleaving of votes, rulings, consumers and losses ends in the same net sums.

At every moment what rulings take is what a plain recount of the ledger gives for the version that
is stored.
"""

from collections.abc import Callable, Sequence
from typing import override
from uuid import UUID

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from svc_consumer.counting import excluder
from svc_consumer.testing.model import READ_PARTITIONS, SteppedLog, SteppedTally, id_of
from svc_consumer.testing.ruled_model import RuledSystem
from svc_consumer.testing.state_machines import holds_always, is_found_broken
from voting.client.samples import SAMPLE_POLLS
from voting.polls.poll import SKEW_MS
from voting.polls.ruling import (
    Between,
    Lift,
    OfClass,
    Ruling,
    RulingState,
    rulings_in_force,
    vote_ids,
)

partitions = st.sampled_from(READ_PARTITIONS)
polls = st.sampled_from(SAMPLE_POLLS)
two = st.sampled_from(range(2))
few = st.integers(1, 4)
ahead = st.integers(0, SKEW_MS)
voters = st.lists(st.integers(0, 5), min_size=1, max_size=4)


class RuledModel(RuleBasedStateMachine):
    """Two consumers that count and two that apply rulings, perhaps those of an old log of polls."""

    def __init__(self) -> None:
        super().__init__()
        self.system = RuledSystem(SteppedLog(), SteppedTally())
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

    @rule(poll=polls, partition=partitions, some=voters, approved=st.booleans())
    def ids_are_ruled_out(
        self, poll: str, partition: int, some: list[int], *, approved: bool
    ) -> None:
        ids = (UUID(id_of(partition, voter)).bytes for voter in some)
        self.system.polls.propose(poll, vote_ids(ids), approved=approved)

    @rule(poll=polls, voter_class=st.sampled_from([0, 1]), approved=st.booleans())
    def a_class_is_ruled_out(self, poll: str, voter_class: int, *, approved: bool) -> None:
        self.system.polls.propose(poll, OfClass(voter_class), approved=approved)

    @rule(
        poll=polls,
        since=st.integers(1, 3_000),
        length=st.integers(1, 3_000),
        approved=st.booleans(),
    )
    def a_time_is_ruled_out(self, poll: str, since: int, length: int, *, approved: bool) -> None:
        begin = self.system.ledger.now_ms - since
        self.system.polls.propose(poll, Between(begin, begin + length), approved=approved)

    @rule(poll=polls, which=few)
    def a_ruling_is_lifted(self, poll: str, which: int) -> None:
        if taking := rulings_in_force(self.system.polls.newest[poll].rulings):
            lift = Lift(taking[which % len(taking)].number)
            self.system.polls.propose(poll, lift, approved=True)

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


def test_any_interleaving_ends_in_the_same_net_sums() -> None:
    holds_always(RuledModel, steps=50)


def lifted_or_not(rulings: Sequence[Ruling]) -> tuple[Ruling, ...]:
    return rulings_in_force([msgspec.structs.replace(one, lifted_by=None) for one in rulings])


def for_good(rulings: Sequence[Ruling]) -> tuple[Ruling, ...]:
    """Rulings that reach later votes, too."""
    return tuple(
        msgspec.structs.replace(one, proposed_at_ms=one.proposed_at_ms + 700)
        for one in rulings_in_force(rulings)
    )


@pytest.mark.parametrize("wrong", [lifted_or_not, for_good])
def test_rulings_applied_wrongly_are_found(
    wrong: Callable[[Sequence[Ruling]], tuple[Ruling, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excluder, "rulings_in_force", wrong)
    is_found_broken(RuledModel, steps=50)
