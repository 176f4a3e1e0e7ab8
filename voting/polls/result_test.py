"""Places, sums and ties of a poll's result."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voting.domain.tally import EntryTally, PollTally, tally_of
from voting.domain.vote import Route
from voting.polls.result import EntryResult, poll_result, votes_behind_cut
from voting.testing.examples import vote_with
from voting.testing.polls import DEFINITION, ENTRIES, POLL, with_changes
from voting.testing.polls import entries as some_entries

MOON, RUMOURS, BLUE = ENTRIES


def counted(**entries: tuple[int, int]) -> PollTally:
    """Return a tally of these votes and rank sums, all over one route."""
    tally = PollTally()
    for entry, (votes, rank_sum) in entries.items():
        tally.add(entry, votes, rank_sum, Route.HTTP)
    return tally


def test_votes_ranks_and_averages_are_those_of_the_votes() -> None:
    votes = [
        vote_with(poll=POLL, entry="blue", poll_event=1, rank=90),
        vote_with(poll=POLL, entry="moon", poll_event=1, rank=10, route=Route.GRPC),
        vote_with(poll=POLL, entry="blue", poll_event=1, rank=45),
    ]
    result = poll_result(DEFINITION, tally_of(votes).polls[POLL])
    assert result.entries == (
        EntryResult(BLUE, 1, 2, 135),
        EntryResult(MOON, 2, 1, 10),
        EntryResult(RUMOURS, 3, 0, 0),
    )
    assert [entry.average_rank for entry in result.entries] == [67.5, 10, 0]
    assert (result.votes, result.strays) == (3, 0)
    assert result.routes == {Route.HTTP: 2, Route.GRPC: 1}


def test_the_rank_sum_decides_between_equal_votes() -> None:
    result = poll_result(DEFINITION, counted(moon=(2, 20), rumours=(2, 30), blue=(1, 100)))
    assert [(e.entry.id, e.place) for e in result.entries] == [
        ("rumours", 1),
        ("moon", 2),
        ("blue", 3),
    ]


def test_equal_entries_share_a_place_in_the_order_of_the_definition() -> None:
    definition = with_changes(entries=some_entries(5))
    equal = {"e3": (2, 2), "e1": (2, 2), "e4": (3, 3), "e0": (1, 1)}
    result = poll_result(definition, counted(**equal))
    assert [(e.entry.id, e.place) for e in result.entries] == [
        ("e4", 1),
        ("e1", 2),
        ("e3", 2),
        ("e0", 4),
        ("e2", 5),
    ]


def test_without_votes_all_share_the_first_place() -> None:
    result = poll_result(DEFINITION, PollTally())
    assert [(e.entry, e.place) for e in result.entries] == [(entry, 1) for entry in ENTRIES]
    assert (result.votes, result.routes) == (0, {})


def test_votes_for_entries_that_the_poll_does_not_have_are_told() -> None:
    result = poll_result(DEFINITION, counted(moon=(2, 2), nothing=(3, 9)))
    assert (result.votes, result.strays) == (2, 3)


@given(
    st.dictionaries(
        st.sampled_from([f"e{n}" for n in range(8)]),
        st.tuples(st.integers(1, 4), st.integers(1, 9)),
    )
)
def test_an_entry_is_behind_those_that_have_more_and_no_others(
    votes: dict[str, tuple[int, int]],
) -> None:
    result = poll_result(with_changes(entries=some_entries(8)), counted(**votes))
    has = [(entry.votes, entry.rank_sum) for entry in result.entries]
    for entry in result.entries:
        assert entry.place == 1 + sum(one > (entry.votes, entry.rank_sum) for one in has)
    for first, second in itertools.pairwise(result.entries):
        assert first.place <= second.place
    assert {e.entry.id for e in result.entries} == {f"e{n}" for n in range(8)}


@pytest.mark.parametrize(("live", "behind"), [(5, 2), (3, 0), (1, 0)])
def test_the_tally_may_have_votes_from_behind_the_cut(live: int, behind: int) -> None:
    tally = PollTally({"moon": EntryTally(live, live)}, {Route.GRPC: live})
    assert votes_behind_cut(counted(moon=(3, 30)), tally) == behind
