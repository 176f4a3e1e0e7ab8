from typing import Any

import msgspec
import pytest

from voting.polls.definition import (
    COUNTS_MAX,
    ENTRIES_MAX,
    Entry,
    InvalidPollError,
    PollDefinition,
    ShowResult,
    Titles,
    check_slug,
    clean_definition,
)
from voting.testing.polls import DEFINITION, entries, with_changes
from voting.voters.rules import AUDIENCE, VOTES_MAX, VoterClass, VoterRules, Way

JURY = VoterClass("jury", 1, 50)

SIX = tuple(VoterClass(f"c{number}", number) for number in range(6))


def with_classes(*classes: VoterClass) -> VoterRules:
    return VoterRules(scope="a", key=1, classes=classes)


def test_a_good_definition_is_taken_as_it_is() -> None:
    assert clean_definition(DEFINITION) == DEFINITION


@pytest.mark.parametrize(
    "rules",
    [
        VoterRules(scope="a", key=255, votes=VOTES_MAX),
        VoterRules(scope="awards-2026", key=1, per_entry=True),
        VoterRules(scope="a", key=1, classes=(AUDIENCE, JURY), ways=tuple(Way)),
        VoterRules(scope="a", key=1, classes=(VoterClass("press", 15, 1_000),)),
    ],
)
def test_good_rules_for_voters_are_taken_as_they_are(rules: VoterRules) -> None:
    assert clean_definition(with_changes(voters=rules)).voters == rules


@pytest.mark.parametrize(
    "ties", [("order",), ("rank-sum", "votes", "order"), ("class:jury", "order")]
)
def test_ties_are_decided_by_rules_that_end_with_an_order(ties: tuple[str, ...]) -> None:
    definition = with_changes(voters=with_classes(AUDIENCE, JURY), ties=ties)
    assert clean_definition(definition) == definition


def test_so_many_entries_and_classes_are_allowed_together() -> None:
    most = with_changes(voters=with_classes(*SIX), entries=entries(COUNTS_MAX // len(SIX)))
    assert clean_definition(most) == most


def test_texts_are_cleaned_as_those_of_votes() -> None:
    first, *rest = DEFINITION.entries
    untidy = msgspec.structs.replace(first, name=f"  {first.name} ", album="Cafe\u0301")
    cleaned = clean_definition(
        with_changes(titles=Titles(" Best ", "Mejor\u200b"), entries=(untidy, *rest))
    )
    assert cleaned.titles == Titles("Best", "Mejor")
    assert cleaned.entries[0] == msgspec.structs.replace(first, album="Caf\u00e9")
    assert clean_definition(cleaned) == cleaned


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"entries": ()}, "entries"),
        ({"entries": entries(ENTRIES_MAX + 1)}, "entries"),
        ({"entries": (DEFINITION.entries[0],) * 2}, "entries"),
        ({"entries": (Entry("a", "N", "A", 2000), Entry("b", "N", "A", 2000))}, "entries"),
        ({"entries": (Entry("A", "N", "A", 2000),)}, "entries[0].id"),
        ({"entries": (Entry("a", "", "A", 2000),)}, "entries[0].name"),
        ({"entries": (Entry("a", "N", "\u3164", 2000),)}, "entries[0].album"),
        ({"entries": (Entry("a", "N", "A", 1899),)}, "entries[0].year"),
        ({"titles": Titles("", "x")}, "titles.en"),
        ({"titles": Titles("x", "x" * 201)}, "titles.es"),
        ({"rank_min": 0}, "rank_min"),
        ({"rank_max": 101}, "rank_min"),
        ({"rank_min": 5, "rank_max": 4}, "rank_min"),
        ({"opens_at_ms": -1}, "opens_at_ms"),
        ({"opens_at_ms": 5, "closes_at_ms": 5}, "closes_at_ms"),
        ({"voters": VoterRules(scope="A B", key=1)}, "voters.scope"),
        ({"voters": VoterRules(scope="a", key=0)}, "voters.key"),
        ({"voters": VoterRules(scope="a", key=256)}, "voters.key"),
        ({"voters": VoterRules(scope="a", key=1, votes=0)}, "voters.votes"),
        ({"voters": VoterRules(scope="a", key=1, votes=101)}, "voters.votes"),
        ({"voters": VoterRules(scope="a", key=1, votes=2, per_entry=True)}, "voters.votes"),
        ({"voters": with_classes()}, "voters.classes"),
        (
            {"voters": with_classes(*SIX), "entries": entries(COUNTS_MAX // len(SIX) + 1)},
            "voters.classes",
        ),
        ({"voters": with_classes(*(VoterClass(f"c{n}", n) for n in range(17)))}, "voters.classes"),
        ({"voters": with_classes(VoterClass("A B"))}, "voters.classes[0].name"),
        ({"voters": with_classes(VoterClass("a", 16))}, "voters.classes[0].number"),
        ({"voters": with_classes(VoterClass("a", 0, 0))}, "voters.classes[0].weight"),
        ({"voters": with_classes(VoterClass("a", 0, 1_001))}, "voters.classes[0].weight"),
        ({"voters": with_classes(JURY, VoterClass("jury"))}, "voters.classes[1].name"),
        ({"voters": with_classes(JURY, VoterClass("press", 1))}, "voters.classes[1].number"),
        (
            {"voters": VoterRules(scope="a", key=1, classes=(JURY,), ways=(Way.OPEN,))},
            "voters.classes",
        ),
        ({"voters": VoterRules(scope="a", key=1, ways=(Way.OPEN, Way.OPEN))}, "voters.ways"),
        ({"ties": ("rank-sum",)}, "ties"),
        ({"ties": ("chance", "order")}, "ties[0]"),
        ({"ties": ("class:audience", "order")}, "ties[0]"),
        ({"ties": ("votes", "votes", "order")}, "ties[1]"),
        ({"releasers": 0, "show_result": ShowResult.ON_RELEASE}, "releasers"),
        ({"releasers": 3, "show_result": ShowResult.ON_RELEASE}, "releasers"),
        ({"releasers": 2, "show_result": ShowResult.ON_CLOSE}, "releasers"),
        ({"answer_within_ms": 999}, "answer_within_ms"),
        ({"answer_within_ms": 60_001}, "answer_within_ms"),
    ],
)
def test_a_broken_rule_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidPollError) as caught:
        clean_definition(with_changes(**changes))
    assert caught.value.field == field


def test_as_many_entries_as_allowed_fit_into_one_record_of_kafka() -> None:
    from voting.polls.event import Define, encode_event
    from voting.testing.polls import event

    longest = tuple(
        Entry(f"{'e' * 60}{number}", "\U0001f3b8" * 200, f"{number:03}{'\U0001f3b8' * 197}", 2000)
        for number in range(ENTRIES_MAX)
    )
    definition: PollDefinition = clean_definition(with_changes(entries=longest))
    assert len(encode_event(event(Define(definition)))) < 1_000_000


@pytest.mark.parametrize("slug", ["a", "7", "final-2026", "a" * 64])
def test_ids_of_polls(slug: str) -> None:
    assert check_slug("poll", slug) == slug


@pytest.mark.parametrize("slug", ["", "-a", "a-", "A", "a b", "a/b", "a" * 65, "é", "a\n"])
def test_other_texts_are_no_ids(slug: str) -> None:
    with pytest.raises(InvalidPollError, match="poll: must be lower-case"):
        check_slug("poll", slug)
