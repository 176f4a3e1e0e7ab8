"""Rules of applying rulings, broken one at a time: the model must find each of them.

In scenarios, as they need so many coincidences that random search rarely finds them.
"""

from collections.abc import Callable, Sequence
from typing import Any, override
from uuid import UUID

import pytest

from svc_consumer.counting import excluder
from svc_consumer.counting.excluder import Ends, Excluder
from svc_consumer.counting.positions import offset_of
from svc_consumer.testing.fakes import FakeTally
from svc_consumer.testing.model import READ_PARTITIONS, Pause, SteppedLog, SteppedTally, id_of
from svc_consumer.testing.ruled_model import RuledSystem
from voting.client.samples import SAMPLE_POLLS
from voting.polls.poll import SKEW_MS, Poll
from voting.polls.ruling import Lift, OfClass, Ruling, Selection, rulings_in_force, vote_ids
from voting.stores.tally_exclusion import Exclusion
from voting.stores.vote_log import StoredPosition


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


def in_order_of_proposal(rulings: Sequence[Ruling]) -> tuple[Ruling, ...]:
    return tuple(sorted(rulings_in_force(rulings), key=lambda one: one.number))


POLL = SAMPLE_POLLS[0]
RANK = 1  # of votes in it, by voters of class 0


def apply(system: RuledSystem, who: int = 0, steps: int = 40) -> None:
    for _ in range(steps):
        system.excluders[who].step(len(system.polls.views))


def rule_out(system: RuledSystem, *selections: Selection) -> None:
    """Propose rulings, and approve them, the last one first."""
    proposed = len(system.polls.newest[POLL].rulings)
    for selection in selections:
        system.polls.propose(POLL, selection, approved=False)
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
