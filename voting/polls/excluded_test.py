from typing import Final
from uuid import UUID

import msgspec
import pytest

from voting.domain.tally import EntryTally, PollTally
from voting.domain.vote import Route, new_vote_id
from voting.polls.excluded import Excluded, Rulings, exclusion_version, net, without_zeros
from voting.polls.poll import Poll
from voting.polls.ruling import Between, Lift, OfClass, Ruling, Selection, vote_ids
from voting.testing.polls import DEFINITION, POLL

ID, OTHER = (UUID(new_vote_id(0)).bytes for _ in range(2))
PROPOSED_AT: Final = 1_000


def ruling(number: int, selection: Selection, decided: int | None = None) -> Ruling:
    return Ruling(
        number=number, selection=selection, reason="bots", author="ana", event=number,
        proposed_at_ms=PROPOSED_AT, decided=decided, decider="ben", approved=decided is not None,
    )  # fmt: skip


def test_a_vote_belongs_to_the_first_ruling_that_reaches_it() -> None:
    rulings = Rulings(
        [ruling(4, vote_ids([ID])), ruling(2, OfClass(1)), ruling(3, Between(10, 20))]
    )
    assert rulings.on(ID, 1, 15) == 4
    assert rulings.on(OTHER, 1, 15) == 2
    assert rulings.on(OTHER, 0, 19) == 3
    assert rulings.on(OTHER, 0, 20) is None
    assert rulings.without_ids(1, 15) == 2
    assert rulings.without_ids(0, 5) is None


def test_a_ruling_reaches_no_vote_that_came_after_it() -> None:
    rulings = Rulings([ruling(1, vote_ids([ID]))])
    assert rulings.on(ID, 0, PROPOSED_AT) == 1
    assert rulings.on(ID, 0, PROPOSED_AT + 1) is None
    assert rulings.on(OTHER, 0, PROPOSED_AT) is None


def tally(**votes: int) -> PollTally:
    found = PollTally()
    for key, count in votes.items():
        found.add(key, count, 7 * count, Route.HTTP)
    return found


def test_what_is_left_is_what_was_counted_without_what_rulings_take() -> None:
    excluded = Excluded({1: tally(moon=2), 5: tally(moon=1, blue=3)})
    assert excluded.total == tally(moon=3, blue=3)
    assert net(tally(moon=4, blue=3, rumours=1), excluded) == tally(moon=1, rumours=1)
    assert net(tally(moon=3, blue=3), excluded) == PollTally()
    assert net(tally(moon=3), Excluded()) == tally(moon=3)


@pytest.mark.parametrize(
    "counted", [tally(moon=2), PollTally({"moon": EntryTally(3, 1)}, {Route.HTTP: 3}), tally()]
)
def test_no_more_can_be_excluded_than_was_counted(counted: PollTally) -> None:
    with pytest.raises(ValueError, match="excluded"):
        net(counted, Excluded({1: tally(moon=3)}))


def test_zeros_are_nothing() -> None:
    zero = PollTally({"moon": EntryTally(0, 0)}, {Route.HTTP: 0})
    some = PollTally({"moon": EntryTally(0, 0), "blue": EntryTally(1, 7)}, {Route.HTTP: 1})
    assert without_zeros(Excluded({1: zero, 2: some})) == Excluded({2: tally(blue=1)})


def test_the_version_grows_with_each_approval_and_with_the_cut() -> None:
    poll = Poll(
        id=POLL, definition=DEFINITION, opens_at_ms=1, closes_at_ms=2, defined=1, event=9
    )  # fmt: skip
    proposed, approved = ruling(1, OfClass(0)), ruling(1, OfClass(0), decided=5)
    lift = ruling(2, Lift(1), decided=7)
    lifted = msgspec.structs.replace(approved, lifted_by=2)

    def version(*rulings: Ruling, cut: tuple[int, ...] | None = None) -> int:
        return exclusion_version(msgspec.structs.replace(poll, rulings=rulings, cut=cut))

    assert version(proposed) == version(proposed, cut=(1,)) == 0
    versions = [
        version(approved),
        version(approved, cut=(1,)),
        version(lifted, lift),
        version(lifted, lift, cut=(1,)),
    ]
    assert versions == sorted({*versions})
