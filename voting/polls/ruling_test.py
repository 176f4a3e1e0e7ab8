import pytest
from hypothesis import given
from hypothesis import strategies as st

from voting.polls.ruling import (
    Between,
    Lift,
    OfClass,
    Ruling,
    RulingState,
    Selection,
    open_proposal,
    rulings_in_force,
    vote_ids,
)

ID, OTHER = bytes(range(16)), bytes(16)


def ruling(selection: Selection, number: int = 1, decided: int | None = None) -> Ruling:
    return Ruling(
        number=number,
        selection=selection,
        reason="why",
        author="ana",
        event=number,
        proposed_at_ms=1_000,
        decided=decided,
        approved=decided is not None,
    )


@given(st.lists(st.binary(min_size=16, max_size=16)), st.binary(min_size=16, max_size=16))
def test_ids_are_found_however_they_were_given(ids: list[bytes], other: bytes) -> None:
    selection = vote_ids([*ids, *ids])
    assert list(selection) == sorted(set(ids))
    assert all(one in selection for one in ids)
    assert (other in selection) == (other in ids)


@pytest.mark.parametrize("at_ms", [0, 999, 1_000, 1_001])
@pytest.mark.parametrize("selection", [vote_ids([ID]), OfClass(2), Between(0, 5_000)])
def test_it_reaches_votes_up_to_its_proposal_and_no_later_one(
    selection: Selection, at_ms: int
) -> None:
    assert ruling(selection).reaches(ID, 2, at_ms) == (at_ms <= 1_000)


@pytest.mark.parametrize(
    ("selection", "reached"),
    [
        (vote_ids([ID]), True),
        (vote_ids([OTHER]), False),
        (OfClass(2), True),
        (OfClass(0), False),
        (Between(500, 501), True),
        (Between(501, 900), False),
        (Between(400, 500), False),
        (Lift(1), False),
    ],
)
def test_it_reaches_what_it_selects(selection: Selection, reached: bool) -> None:
    assert ruling(selection).reaches(ID, 2, 500) == reached


def test_those_in_force_take_votes_in_the_order_of_their_approval() -> None:
    late, early = ruling(OfClass(0), 1, decided=9), ruling(OfClass(1), 2, decided=8)
    proposed, lift = ruling(OfClass(2), 3), ruling(Lift(7), 4, decided=5)
    assert rulings_in_force((late, early, proposed, lift)) == (early, late)
    assert open_proposal((late, early, proposed, lift)) == proposed
    assert open_proposal((late, early)) is None
    assert [one.state for one in (late, proposed)] == [RulingState.IN_FORCE, RulingState.PROPOSED]
