"""Places, sums and ties of a poll's result."""

import itertools
from collections.abc import Sequence
from fractions import Fraction
from random import Random
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voting.domain.tally import EntryTally, PollTally, entry_key, tally_of
from voting.domain.vote import Route, Vote
from voting.polls.definition import PollDefinition
from voting.polls.result import (
    PollResult,
    classes_of,
    counted_keys,
    poll_result,
    votes_behind_cut,
)
from voting.testing.examples import vote_with
from voting.testing.polls import DEFINITION, ENTRIES, POLL, with_changes
from voting.testing.polls import entries as some_entries
from voting.voters.rules import VoterClass, VoterRules

MOON, RUMOURS, BLUE = ENTRIES
AUDIENCE: Final = VoterClass("audience", 0, 60)
JURY: Final = VoterClass("jury", 1, 40)
PRESS: Final = VoterClass("press", 7, 10)


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
    assert [(e.entry, e.place, e.votes, e.rank_sum) for e in result.entries] == [
        (BLUE, 1, 2, 135),
        (MOON, 2, 1, 10),
        (RUMOURS, 3, 0, 0),
    ]
    assert [entry.score for entry in result.entries] == [Fraction(2, 3), Fraction(1, 3), 0]
    assert [entry.decided_by for entry in result.entries] == [None, "score", "score"]
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
    assert [e.decided_by for e in result.entries] == [None, "rank-sum", "score"]


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


def with_classes(*classes: VoterClass, **fields: Any) -> PollDefinition:
    """Return the example definition with these classes of voters."""
    rules = VoterRules(scope="awards", key=1, classes=classes)
    return with_changes(voters=rules, **fields)


def counted_of(**classes: Sequence[int]) -> PollTally:
    """Return the votes of each entry by the names of the classes, all with rank 1."""
    numbers = {one.name: one.number for one in (AUDIENCE, JURY, PRESS)}
    tally = PollTally()
    for name, votes in classes.items():
        for entry, count in zip(ENTRIES, votes, strict=True):
            if count:
                tally.add(entry_key(entry.id, numbers[name]), count, count, Route.HTTP)
    return tally


def order(result: PollResult) -> list[tuple[str, int, str | None]]:
    return [(e.entry.id, e.place, e.decided_by) for e in result.entries]


def test_each_class_weighs_what_the_definition_says_however_many_votes_it_has() -> None:
    """The example of docs/polls.md, computed there by hand."""
    result = poll_result(
        with_classes(AUDIENCE, JURY, ties=("class:jury", "order")),
        counted_of(audience=(500, 300, 200), jury=(1, 4, 5)),
    )
    assert [(e.entry, e.score, e.class_votes) for e in result.entries] == [
        (RUMOURS, Fraction(34, 100), (300, 4)),
        (MOON, Fraction(34, 100), (500, 1)),
        (BLUE, Fraction(32, 100), (200, 5)),
    ]
    assert order(result) == [("rumours", 1, None), ("moon", 2, "class:jury"), ("blue", 3, "score")]
    assert [(one.voter_class.name, one.votes) for one in result.classes] == [
        ("audience", 1000),
        ("jury", 10),
    ]
    assert result.votes == 1010


def test_a_class_without_votes_adds_nothing() -> None:
    definition = with_classes(AUDIENCE, JURY)
    result = poll_result(definition, counted_of(audience=(1, 3, 0)))
    assert [e.score for e in result.entries] == [Fraction(45, 100), Fraction(15, 100), 0]
    assert {e.score for e in poll_result(definition, PollTally()).entries} == {0}


def test_scores_are_compared_exactly() -> None:
    """As floating-point numbers, 0.1 + 0.2 is more than 0.3."""
    definition = with_classes(VoterClass("audience", 0, 1), VoterClass("jury", 1, 1))
    result = poll_result(definition, counted_of(audience=(1, 3, 6), jury=(2, 0, 8)))
    assert order(result) == [("blue", 1, None), ("moon", 2, "score"), ("rumours", 2, None)]


@pytest.mark.parametrize(
    ("ties", "expected"),
    [
        ((), [("moon", 1, None), ("rumours", 1, None), ("blue", 3, "score")]),
        (("order",), [("moon", 1, None), ("rumours", 2, "order"), ("blue", 3, "score")]),
        (
            ("class:jury", "order"),
            [("rumours", 1, None), ("moon", 2, "class:jury"), ("blue", 3, "score")],
        ),
        (
            ("rank-sum", "class:audience", "order"),
            [("moon", 1, None), ("rumours", 2, "class:audience"), ("blue", 3, "score")],
        ),
        (
            ("votes", "rank-sum", "class:jury", "order"),
            [("rumours", 1, None), ("moon", 2, "class:jury"), ("blue", 3, "score")],
        ),
    ],
)
def test_the_rules_for_ties_decide_in_their_order(
    ties: tuple[str, ...], expected: list[tuple[str, int, str | None]]
) -> None:
    definition = with_classes(AUDIENCE, VoterClass("jury", 1, 60), ties=ties)
    votes = counted_of(audience=(2, 1, 0), jury=(1, 2, 0))
    assert order(poll_result(definition, votes)) == expected


def test_the_votes_of_all_classes_decide_a_tie() -> None:
    definition = with_classes(AUDIENCE, VoterClass("jury", 1, 60), ties=("votes", "order"))
    votes = counted_of(audience=(2, 8, 0), jury=(4, 1, 0))
    assert order(poll_result(definition, votes))[:2] == [("rumours", 1, None), ("moon", 2, "votes")]


def test_votes_of_a_class_that_the_poll_does_not_have_are_strays() -> None:
    votes = counted_of(audience=(2, 1, 0), jury=(0, 5, 0), press=(0, 0, 3))
    assert (poll_result(DEFINITION, votes).votes, poll_result(DEFINITION, votes).strays) == (3, 8)
    result = poll_result(with_classes(AUDIENCE, PRESS), votes)
    assert (result.votes, result.strays) == (6, 5)


def test_a_class_may_be_alone_under_any_number() -> None:
    result = poll_result(with_classes(PRESS), counted_of(press=(1, 3, 0), audience=(9, 0, 0)))
    assert [(e.entry.id, e.score) for e in result.entries][:2] == [
        ("rumours", Fraction(3, 4)),
        ("moon", Fraction(1, 4)),
    ]
    assert result.strays == 9


def test_the_keys_are_those_of_every_entry_in_every_class() -> None:
    assert counted_keys(DEFINITION) == ["moon", "rumours", "blue"]
    assert counted_keys(with_classes(AUDIENCE, PRESS))[:3] == ["moon", "moon@7", "rumours"]


@st.composite
def polls(draw: st.DrawFn) -> tuple[PollDefinition, list[Vote]]:
    """Return a poll with a few classes, and votes of them, so few that there are ties."""
    numbers = draw(st.lists(st.integers(0, 15), min_size=1, max_size=4, unique=True))
    classes = tuple(VoterClass(f"c{n}", n, draw(st.integers(1, 1000))) for n in numbers)
    rules = ["rank-sum", "votes", *(f"class:{one.name}" for one in classes)]
    ties = draw(st.none() | st.permutations(rules))
    definition = with_classes(
        *classes, ties=() if ties is None else (*ties, "order"), entries=some_entries(4)
    )
    vote = st.builds(
        vote_with,
        poll=st.just(POLL),
        entry=st.sampled_from([entry.id for entry in definition.entries]),
        poll_event=st.just(1),
        voter_class=st.sampled_from(numbers),
        rank=st.integers(1, 3),
    )
    return definition, draw(st.lists(vote, max_size=12))


def result_of(definition: PollDefinition, votes: list[Vote]) -> PollResult:
    return poll_result(definition, tally_of(votes).poll(POLL))


def weighing(definition: PollDefinition, factor: int) -> PollDefinition:
    """Return the definition with so many times the weights."""
    classes = classes_of(definition)
    heavier = (VoterClass(one.name, one.number, one.weight * factor) for one in classes)
    voters = VoterRules(scope="awards", key=1, classes=tuple(heavier))
    return msgspec.structs.replace(definition, voters=voters)


@given(polls(), st.randoms())
def test_the_order_of_the_votes_changes_nothing(
    poll: tuple[PollDefinition, list[Vote]], random: Random
) -> None:
    definition, votes = poll
    shuffled = random.sample(votes, len(votes))
    assert result_of(definition, shuffled) == result_of(definition, votes)


@given(polls(), st.integers(2, 5))
def test_only_the_ratio_of_the_weights_matters(
    poll: tuple[PollDefinition, list[Vote]], factor: int
) -> None:
    definition, votes = poll
    heavier = result_of(weighing(definition, factor), votes)
    assert heavier.entries == result_of(definition, votes).entries


@given(polls())
def test_one_class_alone_has_the_result_of_a_poll_where_anybody_votes(
    poll: tuple[PollDefinition, list[Vote]],
) -> None:
    definition, votes = poll
    votes = [msgspec.structs.replace(vote, voter_class=0) for vote in votes]
    alone = with_classes(VoterClass("audience", 0, 77), entries=definition.entries)
    anybody = with_changes(entries=definition.entries)
    assert result_of(alone, votes).entries == result_of(anybody, votes).entries


@given(polls())
def test_the_result_is_what_the_rules_say(poll: tuple[PollDefinition, list[Vote]]) -> None:
    """Computed again in another way: vote by vote, with fractions."""
    definition, votes = poll
    classes = classes_of(definition)
    weights = {one.number: one.weight for one in classes}

    def key(number: int, entry: str) -> tuple[Fraction | int, ...]:
        ours = [vote for vote in votes if vote.entry == entry]
        in_class = {n: sum(vote.voter_class == n for vote in votes) for n in weights}
        parts = (Fraction(weights[v.voter_class], in_class[v.voter_class]) for v in ours)
        values = {
            "rank-sum": sum(vote.rank for vote in ours),
            "votes": len(ours),
            "order": -number,
        } | {f"class:{c.name}": sum(v.voter_class == c.number for v in ours) for c in classes}
        rules = definition.ties or ("rank-sum",)
        return sum(parts, Fraction(0)) / sum(weights.values()), *(values[rule] for rule in rules)

    keys = {entry.id: key(n, entry.id) for n, entry in enumerate(definition.entries)}
    result = result_of(definition, votes)
    ids = [entry.entry.id for entry in result.entries]
    assert ids == sorted(keys, key=keys.__getitem__, reverse=True)
    for entry in result.entries:
        assert entry.score == keys[entry.entry.id][0]
        assert entry.place == 1 + sum(other > keys[entry.entry.id] for other in keys.values())
    for first, second in itertools.pairwise(result.entries):
        assert (second.decided_by is None) == (first.place == second.place)
        ahead = keys[first.entry.id][0] > keys[second.entry.id][0]
        assert (second.decided_by == "score") == ahead
    if definition.ties:
        assert [entry.place for entry in result.entries] == [1, 2, 3, 4]


@pytest.mark.parametrize(("live", "behind"), [(5, 2), (3, 0), (1, 0)])
def test_the_tally_may_have_votes_from_behind_the_cut(live: int, behind: int) -> None:
    tally = PollTally({"moon": EntryTally(live, live)}, {Route.GRPC: live})
    assert votes_behind_cut(counted(moon=(3, 30)), tally) == behind
