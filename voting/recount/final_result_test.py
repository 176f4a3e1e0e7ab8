import json
from fractions import Fraction
from typing import Any, Final

import msgspec
import pytest

from voting.domain.tally import PollTally
from voting.domain.vote import TEXT_MAX, Route
from voting.polls.definition import COUNTS_MAX, ENTRIES_MAX, Entry, clean_definition
from voting.polls.event import Change, Cut, Define, Open, Publish, encode_event, event_hash
from voting.polls.excluded import Excluded
from voting.polls.poll import Poll
from voting.polls.ruling import RULINGS_MAX, OfClass, Ruling
from voting.recount.final_result import (
    FORMAT,
    LedgerCount,
    PollEvent,
    final_result,
    percent,
)
from voting.testing.polls import DEFINITION, ENTRIES, POLL, event, with_changes
from voting.voters.rules import VoterClass, VoterRules

CLASSES: Final = (VoterClass("audience", 0, 60), VoterClass("jury", 1, 40))
WITH_JURY: Final = with_changes(
    voters=VoterRules(scope="awards", key=1, classes=CLASSES), ties=("class:jury", "order")
)
ROOTS: Final = (bytes(32), b"\xff" * 32)


def poll(definition: Any = DEFINITION, cut: tuple[int, ...] = (1_500, 0)) -> Poll:
    return Poll(
        id=POLL,
        definition=definition,
        opens_at_ms=1_764_000_000_000,
        closes_at_ms=1_764_000_900_000,
        cut=cut,
        defined=1,
        event=3,
    )


def events(definition: Any = DEFINITION) -> list[PollEvent]:
    changes: dict[str, Change] = {
        "define": Define(definition),
        "open": Open(),
        "cut": Cut((1_500, 0)),
    }
    return [
        PollEvent(number, name, encode_event(event(change, POLL, number)))
        for number, (name, change) in enumerate(changes.items(), 1)
    ]


def counted(**entries: tuple[int, int]) -> LedgerCount:
    tally = PollTally()
    for name, (votes, rank_sum) in entries.items():
        tally.add(name.replace("_at_", "@"), votes, rank_sum, Route.HTTP)
    return LedgerCount(tally, 7, ROOTS)


def test_the_example_of_the_documentation_comes_out() -> None:
    votes = counted(
        moon=(500, 500), rumours=(300, 300), blue=(200, 200),
        moon_at_1=(1, 1), rumours_at_1=(4, 4), blue_at_1=(5, 5),
    )  # fmt: skip
    document = json.loads(final_result(poll(WITH_JURY), events(WITH_JURY), votes))
    assert document["format"] == FORMAT
    assert (document["votes"], document["copies"], document["strays"]) == (1_010, 7, 0)
    assert document["records"] == 1_500
    assert document["routes"] == {"grpc": 0, "http": 1_010}
    assert document["classes"] == [
        {"name": "audience", "number": 0, "weight": 60, "votes": 1_000},
        {"name": "jury", "number": 1, "weight": 40, "votes": 10},
    ]
    first, second, third = document["entries"]
    assert [one["id"] for one in (first, second, third)] == ["rumours", "moon", "blue"]
    assert [one["place"] for one in (first, second, third)] == [1, 2, 3]
    assert [one["score"] for one in (first, second, third)] == ["17/50", "17/50", "8/25"]
    assert [one["percent"] for one in (first, third)] == ["34.0000", "32.0000"]
    assert [one["decided_by"] for one in (first, second, third)] == [None, "class:jury", "score"]
    assert third["classes"] == [{"votes": 200, "rank_sum": 200}, {"votes": 5, "rank_sum": 5}]


def test_it_names_the_events_it_rests_on_and_the_roots() -> None:
    document = json.loads(final_result(poll(), events(), counted()))
    assert document["events"] == [
        {"number": one.number, "change": one.change, "sha256": event_hash(one.value).hex()}
        for one in events()
    ]
    assert document["cut"] == [1_500, 0]
    assert document["roots"] == ["00" * 32, "ff" * 32]
    assert document["voters"] is None


def test_it_is_canonical_and_one_line() -> None:
    made = final_result(poll(), events(), counted(moon=(2, 9)))
    again = json.dumps(
        json.loads(made), sort_keys=True, ensure_ascii=False, separators=(",", ":")
    ).encode()
    assert made == again
    assert b"\n" not in made
    assert made == final_result(poll(), events(), counted(moon=(2, 9)))


def test_votes_for_entries_that_the_poll_does_not_have_are_told_apart() -> None:
    document = json.loads(final_result(poll(), events(), counted(moon=(2, 9), none=(3, 3))))
    assert (document["votes"], document["strays"]) == (2, 3)


def test_without_votes_there_is_a_result_too() -> None:
    document = json.loads(final_result(poll(), events(), counted()))
    assert {one["place"] for one in document["entries"]} == {1}
    assert {(one["score"], one["percent"]) for one in document["entries"]} == {("0/1", "0.0000")}
    assert len(document["entries"]) == len(ENTRIES)


@pytest.mark.parametrize(
    ("score", "text"),
    [
        (Fraction(1), "100.0000"),
        (Fraction(1, 3), "33.3333"),
        (Fraction(2, 3), "66.6667"),
        (Fraction(1, 2_000_000), "0.0001"),
        (Fraction(1, 2_000_001), "0.0000"),
    ],
)
def test_percent_is_rounded_half_up(score: Fraction, text: str) -> None:
    assert percent(score) == text


def test_the_largest_result_fits_into_a_record_of_the_log() -> None:
    long = "🎵" * (TEXT_MAX - 6)
    classes = tuple(VoterClass("c" * 60 + str(number), number, 1_000) for number in range(4))
    definition = clean_definition(
        with_changes(
            entries=tuple(
                Entry(f"{n:064}", f"{long}{n:06}", f"{long}{n:06}", 2000)
                for n in range(ENTRIES_MAX)
            ),
            voters=VoterRules(scope="awards", key=1, classes=classes),
        )
    )
    assert ENTRIES_MAX * len(classes) == COUNTS_MAX
    tally = PollTally()
    for number, one in enumerate(definition.entries):
        for each in classes:
            key = f"{one.id}@{each.number}" if each.number else one.id
            tally.add(key, 10_000_000 + number**2, 999_999_999 + number, Route.HTTP)
    reason = "🎵" * TEXT_MAX
    rulings = tuple(
        Ruling(
            number=number,
            selection=OfClass(0),
            reason=reason,
            author="a" * 64,
            event=10**9,
            proposed_at_ms=10**12,
            decided=10**9 + number,
            decider="b" * 64,
            approved=True,
        )
        for number in range(1, RULINGS_MAX + 1)
    )
    taken = PollTally()
    for one in definition.entries:
        taken.add(one.id, 9_000_000, 900_000_000, Route.HTTP)
    counted = LedgerCount(tally, 10**9, ROOTS * 64, Excluded({1: taken}))
    cut = msgspec.structs.replace(poll(definition), rulings=rulings)
    ruled = [PollEvent(10**9, name, b"") for name in ("propose", "approve")] * RULINGS_MAX
    note = final_result(cut, [*events(definition), *ruled], counted) + bytes(300)
    value = encode_event(event(Publish(note), POLL))
    assert 900_000 < len(value) < 1_048_000
