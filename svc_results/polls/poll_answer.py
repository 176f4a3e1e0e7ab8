"""A poll's result as programs read it: one object, and a row for each entry."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from svc_results.polls.followed_polls import FollowedPolls
from svc_results.polls.poll_counts import CountedPoll, RulingCount, excluded_votes, ruling_counts
from svc_results.polls.poll_state import (
    EntryId,
    Phase,
    PollId,
    PollVoterClass,
    Ties,
    phase_of,
)
from svc_results.result.newest_votes import Artist, Time, Title
from svc_results.result.snapshot import Count
from voting.domain.times import to_rfc3339
from voting.domain.vote import RANK_MAX
from voting.polls.definition import ENTRIES_MAX
from voting.polls.poll import Poll
from voting.polls.result import SCORE, EntryResult


class ClassAnswer(PollVoterClass, frozen=True):
    """A class of voters, and the votes that it cast."""

    votes: Count


class EntryAnswer(msgspec.Struct, frozen=True):
    """An entry's place and numbers. Entries that no rule tells apart share a place."""

    place: Annotated[int, Meta(ge=1, le=ENTRIES_MAX)]
    id: EntryId
    name: Artist
    album: Title
    year: int
    votes: Count
    excluded: Annotated[Count, Meta(description="Further votes, which rulings exclude.")]
    share: Annotated[float, Meta(ge=0, le=100, description="Percent of all votes.")]
    rank_sum: Count
    average_rank: Annotated[float, Meta(ge=0, le=RANK_MAX)]
    score: Annotated[
        float,
        Meta(
            ge=0,
            le=100,
            description="Percent of the weight of all classes of voters: what decides the order. "
            "With one class the same as `share`.",
        ),
    ]
    class_votes: Annotated[
        list[Count], Meta(description="Its votes of each class, in the order of `classes`.")
    ]
    decided_by: Annotated[
        str | None,
        Meta(
            description=f"Why it is behind the entry before it: `{SCORE}`, or a rule of `ties`. "
            "Null: it is the first, or shares the place of the one before it."
        ),
    ]


class PollAnswer(msgspec.Struct, frozen=True):
    """A poll's result, the first place first.

    Once it is `final`, it changes only by a ruling, and not at all once it is published.
    """

    poll: PollId
    title_en: str
    title_es: str
    rehearsal: bool
    phase: Phase
    final: bool
    at: Time
    counted: Annotated[Count, Meta(description="All votes of its entries.")]
    excluded: Annotated[Count, Meta(description="Those of them that rulings exclude.")]
    votes: Annotated[Count, Meta(description="What is left: all numbers below are of these.")]
    rulings: Annotated[
        list[RulingCount], Meta(description="Those that exclude votes, in order of approval.")
    ]
    classes: Annotated[list[ClassAnswer], Meta(description="Empty in a poll where anybody votes.")]
    ties: Ties
    entries: Annotated[list[EntryAnswer], Meta(max_length=ENTRIES_MAX)]


def poll_answer(poll: Poll, counted: CountedPoll, polls: FollowedPolls) -> PollAnswer:
    """Return the result as it is read now."""
    titles, now_ms, votes = poll.definition.titles, polls.now_ms, counted.result.votes
    classes = counted.result.classes if poll.definition.voters else ()
    excluded = excluded_votes(counted)
    return PollAnswer(
        poll=poll.id,
        title_en=titles.en,
        title_es=titles.es,
        rehearsal=poll.definition.rehearsal,
        phase=phase_of(poll, now_ms),
        final=counted.final,
        at=to_rfc3339(now_ms),
        counted=votes + sum(excluded.values()),
        excluded=sum(excluded.values()),
        votes=votes,
        rulings=ruling_counts(poll, counted),
        classes=[
            ClassAnswer(one.voter_class.name, one.voter_class.weight, one.votes) for one in classes
        ],
        ties=list(poll.definition.ties),
        entries=[
            _row(entry, votes, excluded[entry.entry.id], entry.class_votes[: len(classes)])
            for entry in counted.result.entries
        ],
    )


def _row(
    counted: EntryResult, votes: int, excluded: int, class_votes: Sequence[int]
) -> EntryAnswer:
    entry = counted.entry
    return EntryAnswer(
        place=counted.place,
        id=entry.id,
        name=entry.name,
        album=entry.album,
        year=entry.year,
        votes=counted.votes,
        excluded=excluded,
        share=round(100 * counted.votes / (votes or 1), 2),
        rank_sum=counted.rank_sum,
        average_rank=round(counted.average_rank, 2),
        score=round(100 * float(counted.score), 2),
        class_votes=list(class_votes),
        decided_by=counted.decided_by,
    )
