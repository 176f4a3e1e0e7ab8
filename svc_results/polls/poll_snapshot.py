"""What changes on a poll's page, as an event: without names and titles, which the page has."""

from typing import Annotated

import msgspec
from msgspec import Meta

from svc_results.polls.followed_polls import FollowedPolls
from svc_results.polls.poll_counts import CountedPoll, RulingCount, excluded_votes, ruling_counts
from svc_results.polls.poll_state import EntryId, Phase, phase_of
from svc_results.result.newest_votes import Time
from svc_results.result.snapshot import Count
from voting.domain.times import to_rfc3339_or_none
from voting.polls.definition import ENTRIES_MAX
from voting.polls.poll import Poll
from voting.polls.result import SCORE


class EntryCount(msgspec.Struct, frozen=True, omit_defaults=True):
    """An entry's place, from 1, and its numbers.

    What is None is left out: most polls have no classes, and each event goes to every watcher.
    """

    id: EntryId
    place: Annotated[int, Meta(ge=1, le=ENTRIES_MAX)]
    votes: Count
    rank_sum: Count
    score: Annotated[
        float | None,
        Meta(description="Percent of the weight of all classes; only where there are several."),
    ] = None
    class_votes: Annotated[
        list[Count] | None,
        Meta(description="Votes of each class, in the order of `voters.classes` of the poll."),
    ] = None
    excluded: Annotated[
        Count | None,
        Meta(description="Further votes, which rulings exclude; only where there are any."),
    ] = None
    decided_by: Annotated[
        str | None,
        Meta(
            description="The rule for ties by which it is behind the entry before it; only where "
            "the poll has rules or several classes."
        ),
    ] = None


class PollSnapshot(msgspec.Struct, frozen=True):
    """A poll at a moment. Two are equal when they show the same."""

    version: Annotated[
        int,
        Meta(ge=1, description="Of titles, entries and scale; grows when they are replaced."),
    ]
    phase: Phase
    opens_at: Time | None
    closes_at: Time | None
    result_shown: Annotated[bool, Meta(description="Whether the result may be seen.")]
    result: Annotated[
        Annotated[list[EntryCount], Meta(max_length=ENTRIES_MAX)] | None,
        Meta(description="The first place first; null if it may not be seen, or was not read yet."),
    ]
    rulings: Annotated[
        list[RulingCount] | None,
        Meta(description="Those that exclude votes from the result; null without one."),
    ]
    final: Annotated[
        bool, Meta(description="Whether no more votes can come, so that only rulings change it.")
    ]
    signed: Annotated[bool, Meta(description="Whether it can be read as `result.json`, signed.")]
    counted: Annotated[bool, Meta(description="False while the counts cannot be read.")]
    current: Annotated[bool, Meta(description="False while changes of polls cannot be read.")]

    @property
    def votes(self) -> int:
        """The votes of all entries."""
        return sum(entry.votes for entry in self.result or ())

    @property
    def excluded(self) -> int:
        """How many more votes the entries have that rulings exclude."""
        return sum(entry.excluded or 0 for entry in self.result or ())


def poll_snapshot(
    poll: Poll, polls: FollowedPolls, counted: CountedPoll | None, *, available: bool = True
) -> PollSnapshot:
    """Return what may be seen of a poll now; `counted` is used only if its result may be."""
    shown = polls.shows_result(poll)
    if not shown:
        counted = None
    return PollSnapshot(
        version=poll.defined,
        phase=phase_of(poll, polls.now_ms),
        opens_at=to_rfc3339_or_none(poll.opens_at_ms),
        closes_at=to_rfc3339_or_none(poll.closes_at_ms),
        result_shown=shown,
        result=None if counted is None else _counts(counted, poll),
        rulings=None if counted is None else ruling_counts(poll, counted),
        final=counted is not None and counted.final,
        signed=shown and poll.published is not None,
        counted=available,
        current=polls.current,
    )


def _counts(counted: CountedPoll, poll: Poll) -> list[EntryCount]:
    result, excluded = counted.result, excluded_votes(counted)
    several = len(result.classes) > 1
    # Without either, as most polls are, a tie is what it always was.
    told = several or poll.definition.ties
    return [
        EntryCount(
            one.entry.id,
            one.place,
            one.votes,
            one.rank_sum,
            score=round(100 * float(one.score), 2) if several else None,
            class_votes=list(one.class_votes) if several else None,
            excluded=excluded[one.entry.id] or None,
            decided_by=one.decided_by if told and one.decided_by != SCORE else None,
        )
        for one in result.entries
    ]
