"""The result of a poll: a pure function of its definition and of what was counted.

The same function serves the result so far, from the tally, and the final one, from the votes before
the cut.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from math import lcm
from typing import Final

import msgspec

from voting.domain.tally import PollTally, entry_key
from voting.domain.vote import Route
from voting.polls.definition import (
    CLASS_PREFIX,
    ORDER,
    RANK_SUM,
    VOTES,
    Entry,
    PollDefinition,
)
from voting.voters.rules import AUDIENCE, VoterClass

SCORE: Final = "score"
"""What decides before the rules for ties."""


class ClassResult(msgspec.Struct, frozen=True):
    """A class of voters, and how many votes it cast on the entries of a poll."""

    voter_class: VoterClass
    votes: int


class EntryResult(msgspec.Struct, frozen=True):
    """An entry's place, from 1, and what it has; `rank_sum` is the sum of its ranks.

    `score` is its part of the weight of all classes, 0 to 1; with one class, of all votes.
    `class_votes` are its votes of each class, in the poll's order. `decided_by` says why the entry
    is behind the one before it: by `SCORE` or by a rule for ties; None for the first entry, and for
    one that shares the place of the one before it.
    """

    entry: Entry
    place: int
    votes: int
    rank_sum: int
    score: Fraction
    class_votes: tuple[int, ...]
    decided_by: str | None

    @property
    def average_rank(self) -> float:
        """The mean rank; 0 without votes."""
        return self.rank_sum / self.votes if self.votes else 0.0


class PollResult(msgspec.Struct, frozen=True):
    """Every entry of a poll in order, the first place first.

    `strays` are votes for entries, or of classes of voters, that the poll does not have, which only
    another program can have written into the ledger. They are among the votes of the routes and in
    no entry.
    """

    entries: tuple[EntryResult, ...]
    classes: tuple[ClassResult, ...]
    routes: dict[Route, int]
    strays: int

    @property
    def votes(self) -> int:
        """How many votes all entries have together."""
        return sum(entry.votes for entry in self.entries)


class _Counts(msgspec.Struct, frozen=True):
    """What was counted for an entry; `number` is its place in the definition, from 0."""

    number: int
    class_votes: tuple[int, ...]
    rank_sum: int
    points: int  # the score, in a unit so small that there are whole numbers only


def classes_of(definition: PollDefinition) -> tuple[VoterClass, ...]:
    """Return the classes of a poll's voters, or the one of a poll where anybody votes."""
    return (AUDIENCE,) if definition.voters is None else definition.voters.classes


def counted_keys(definition: PollDefinition) -> list[str]:
    """Return each `entry_key` under which votes of the poll are counted."""
    classes = classes_of(definition)
    return [entry_key(entry.id, one.number) for entry in definition.entries for one in classes]


def poll_result(definition: PollDefinition, counted: PollTally) -> PollResult:
    """Return the result of a poll.

    The score of an entry is, for each class of voters, the part of the votes of that class that it
    has, times the weight of the class; a class without votes adds nothing. The order is by score,
    then by the definition's rules for ties. Without rules it is by rank sum, and entries that are
    equal in that, too, are listed as in the definition and share a place; the places after it are
    left out: 1, 2, 2, 4. No name and no chance decides a tie.
    """
    classes = classes_of(definition)
    counts, votes, unit = _count(definition, classes, counted)
    rules = definition.ties or (RANK_SUM,)
    values = [_value_of(rule, classes) for rule in rules]
    keys = [(one.points, *(value(one) for value in values)) for one in counts]
    # Stable although it is reversed: equals stay in the order of the definition.
    ordered = sorted(range(len(counts)), key=keys.__getitem__, reverse=True)
    decided: list[str | None] = [None]
    for before, after in pairwise(ordered):
        pairs = zip((SCORE, *rules), keys[before], keys[after], strict=True)
        decided.append(next((rule for rule, one, other in pairs if one != other), None))
    entries: list[EntryResult] = []
    for number, (at, decided_by) in enumerate(zip(ordered, decided, strict=True), 1):
        one = counts[at]
        shared = bool(entries) and decided_by is None
        entries.append(
            EntryResult(
                entry=definition.entries[at],
                place=entries[-1].place if shared else number,
                votes=sum(one.class_votes),
                rank_sum=one.rank_sum,
                score=Fraction(one.points, unit),
                class_votes=one.class_votes,
                decided_by=decided_by,
            )
        )
    return PollResult(
        tuple(entries),
        tuple(map(ClassResult, classes, votes, strict=True)),
        counted.routes,
        strays=counted.votes - sum(votes),
    )


def _count(
    definition: PollDefinition, classes: Sequence[VoterClass], counted: PollTally
) -> tuple[list[_Counts], list[int], int]:
    """Return the counts of each entry, the votes of each class, and how many points a score 1 is.

    All scores are fractions with the same denominator, so that they are compared exactly.
    """
    found = [[counted.of(entry.id, one.number) for one in classes] for entry in definition.entries]
    votes = [sum(of_class.votes for of_class in column) for column in zip(*found, strict=True)]
    common = lcm(*(number for number in votes if number))
    points = [
        one.weight * common // number if number else 0
        for one, number in zip(classes, votes, strict=True)
    ]
    counts = [
        _Counts(
            number,
            tuple(of_class.votes for of_class in row),
            sum(of_class.rank_sum for of_class in row),
            sum(each * of_class.votes for each, of_class in zip(points, row, strict=True)),
        )
        for number, row in enumerate(found)
    ]
    return counts, votes, common * sum(one.weight for one in classes)


def _value_of(rule: str, classes: Sequence[VoterClass]) -> Callable[[_Counts], int]:
    """Return what a rule for ties compares: the entry with more of it comes first."""
    if rule == RANK_SUM:
        return lambda counts: counts.rank_sum
    if rule == VOTES:
        return lambda counts: sum(counts.class_votes)
    if rule == ORDER:
        return lambda counts: -counts.number
    [column] = [at for at, one in enumerate(classes) if CLASS_PREFIX + one.name == rule]
    return lambda counts: counts.class_votes[column]


def votes_behind_cut(final: PollTally, live: PollTally) -> int:
    """Return how many votes the tally has that lie behind the cut, and so do not count.

    The tally must have caught up; while it heals it may have fewer votes than count, which gives 0.
    """
    return max(0, live.votes - final.votes)
