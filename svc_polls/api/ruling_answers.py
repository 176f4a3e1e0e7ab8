"""Rulings as the organisers' API shows them. No I/O here."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from svc_polls.api.ruling_forms import BetweenForm
from voting.domain.tally import PollTally
from voting.domain.times import to_rfc3339
from voting.polls.definition import PollDefinition
from voting.polls.poll import Poll
from voting.polls.result import classes_of
from voting.polls.ruling import Between, Lift, OfClass, Ruling, RulingState, VoteIds


class RulingSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A ruling of a poll; of `ids`, `voter_class`, `between` and `lifts` all but one are null."""

    number: Annotated[int, Meta(description="Its place among the proposals of the poll, from 1.")]
    state: RulingState
    reason: str
    author: str
    event: Annotated[int, Meta(description="The number of the event that proposed it.")]
    proposed_at: Annotated[str, Meta(description="It reaches votes that Kafka had by then.")]
    decider: Annotated[str | None, Meta(description="Who approved or refused it.")]
    decided: Annotated[int | None, Meta(description="The number of the event that did so.")]
    ids: Annotated[int | None, Meta(description="How many ids it has.")]
    batch: Annotated[
        int | None, Meta(description="The batch of codes that the ids were derived from.")
    ]
    voter_class: str | None
    between: BetweenForm | None
    lifts: Annotated[int | None, Meta(description="The number of the ruling that it lifts.")]
    lifted_by: Annotated[int | None, Meta(description="The number of the ruling that lifted it.")]


class PreviewState(StrEnum):
    """What is known of what an open proposal would do."""

    COUNTED = "counted"
    COUNTING = "counting"
    UNKNOWN = "unknown"
    HIDDEN = "hidden"


class EntryVotes(msgspec.Struct, frozen=True):
    """How many votes of an entry."""

    id: str
    votes: int


class RulingPreview(msgspec.Struct, frozen=True, kw_only=True):
    """How many votes an open proposal would take as of now, or a lift give back.

    Votes that rulings in force take already, or would still take, are not among them. While it is
    `counting`, ask again; `hidden` until the result is shown, but from releasers.
    """

    state: PreviewState
    votes: Annotated[
        int | None, Meta(description="What it takes or gives back; null unless `counted`.")
    ] = None
    votes_now: Annotated[
        int | None,
        Meta(description="How many votes of the poll count now; null unless `counted`."),
    ] = None
    entries: Annotated[
        list[EntryVotes] | None,
        Meta(description="The votes by entry, without zeros; null until the result is shown."),
    ] = None
    reason: Annotated[str | None, Meta(description="Why it is `unknown`.")] = None


class RulingWithIds(msgspec.Struct, frozen=True):
    """A ruling of a poll, with the ids of the votes."""

    ruling: RulingSummary
    ids: Annotated[list[str], Meta(description="Empty if they were not asked for.")]
    preview: Annotated[
        RulingPreview | None, Meta(description="null once it is approved or refused.")
    ]


def ruling_summaries(poll: Poll) -> list[RulingSummary]:
    """Return the rulings of a poll, in the order in which they were proposed."""
    return [_summary(one, poll.definition) for one in poll.rulings]


def ruling_with_ids(
    ruling: Ruling, definition: PollDefinition, preview: RulingPreview | None, *, ids: bool
) -> RulingWithIds:
    """Return a ruling, its ids if it has any and they are asked for, and its preview."""
    selection = ruling.selection
    found = selection if ids and isinstance(selection, VoteIds) else ()
    summary = _summary(ruling, definition)
    return RulingWithIds(summary, [str(UUID(bytes=one)) for one in found], preview)


def entry_votes(taken: PollTally, definition: PollDefinition) -> list[EntryVotes]:
    """Return how many votes of each entry there are, in the order of the definition."""
    by_entry = (
        (entry.id, sum(taken.of(entry.id, one.number).votes for one in classes_of(definition)))
        for entry in definition.entries
    )
    return [EntryVotes(entry, votes) for entry, votes in by_entry if votes]


def _summary(ruling: Ruling, definition: PollDefinition) -> RulingSummary:
    selection = ruling.selection
    ids = selection if isinstance(selection, VoteIds) else None
    return RulingSummary(
        number=ruling.number,
        state=ruling.state,
        reason=ruling.reason,
        author=ruling.author,
        event=ruling.event,
        proposed_at=to_rfc3339(ruling.proposed_at_ms),
        decider=ruling.decider,
        decided=ruling.decided,
        ids=None if ids is None else len(ids),
        batch=None if ids is None else ids.batch,
        voter_class=_class_name(selection.voter_class, definition)
        if isinstance(selection, OfClass)
        else None,
        between=BetweenForm(to_rfc3339(selection.from_ms), to_rfc3339(selection.until_ms))
        if isinstance(selection, Between)
        else None,
        lifts=selection.ruling if isinstance(selection, Lift) else None,
        lifted_by=ruling.lifted_by,
    )


def _class_name(number: int, definition: PollDefinition) -> str:
    classes = definition.voters.classes if definition.voters else ()
    return next((one.name for one in classes if one.number == number), str(number))
