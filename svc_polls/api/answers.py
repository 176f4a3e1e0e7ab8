"""The answers of the organisers' API. No I/O here."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from svc_polls.api.forms import DefinitionForm, TitlesForm, form_of
from svc_polls.api.ruling_answers import RulingSummary, ruling_summaries
from svc_polls.log.history import PastEvent
from voting.domain.times import to_rfc3339, to_rfc3339_or_none
from voting.polls.book import Recorded
from voting.polls.event import Close, Define, Revoke
from voting.polls.phase import Phase, phase_of
from voting.polls.poll import LEAD_MS, Poll

type NextPage = Annotated[str | None, Meta(description="`after` of the next page; null if none.")]


class PollSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A poll in a list."""

    id: str
    event: Annotated[int, Meta(description="The number of its last event, for `If-Match`.")]
    phase: Phase
    rehearsal: bool
    titles: TitlesForm
    entries: Annotated[int, Meta(description="How many there are.")]
    opens_at: str | None
    closes_at: str | None
    released: bool


class PollList(msgspec.Struct, frozen=True):
    """A page of the polls, by id."""

    polls: list[PollSummary]
    next: NextPage
    now: Annotated[str, Meta(description="The service's clock.")]


class PollState(msgspec.Struct, frozen=True, kw_only=True):
    """A poll as its events left it."""

    id: str
    event: Annotated[int, Meta(description="The number of its last event, for `If-Match`.")]
    phase: Phase
    opens_at: Annotated[str | None, Meta(description="null until an organiser opens it.")]
    closes_at: Annotated[str | None, Meta(description="null until it has an end.")]
    settles_at: Annotated[
        str | None, Meta(description="When no vote is accepted any more, and the cut is made.")
    ]
    frozen: Annotated[bool, Meta(description="Whether the definition can no longer be replaced.")]
    cut: Annotated[
        list[int] | None,
        Meta(description="Where its votes end, for each partition of the topic of votes."),
    ]
    published: Annotated[bool, Meta(description="Whether its signed result stands, for good.")]
    released: Annotated[bool, Meta(description="Whether as many people as needed released it.")]
    released_by: list[str]
    rulings: Annotated[
        list[RulingSummary], Meta(description="In the order in which they were proposed.")
    ]
    revoked: Annotated[
        list[str], Meta(description="Whose tokens were taken back: `class NAME`, `batch NUMBER`.")
    ]
    shows_result: Annotated[bool, Meta(description="Whether the audience may see the result now.")]
    definition: DefinitionForm
    now: Annotated[str, Meta(description="The service's clock.")]


class Changed(msgspec.Struct, frozen=True):
    """A change that was made."""

    event: Annotated[int, Meta(description="The number of the event that made it.")]
    appended_at: Annotated[str, Meta(description="When Kafka had the event.")]
    effective_at: Annotated[
        str, Meta(description="From when on each route acts on it, or accepts no votes in polls.")
    ]
    poll: PollState


class HistoryEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a poll, or would have, if `refusal` did not say why not."""

    number: int
    appended_at: str
    written_at: Annotated[str, Meta(description="By the clock of the service that wrote it.")]
    author: str
    change: Annotated[
        str,
        Meta(
            description="define, open, close, cut, publish, release, revoke, propose, "
            "approve or refuse."
        ),
    ]
    fields: Annotated[
        list[str], Meta(description="What a new definition changes; empty in the first one.")
    ]
    closes_at: str | None
    ends: list[int] | None
    revoked: Annotated[
        str | None, Meta(description="Whose tokens it takes back: `class NAME` or `batch NUMBER`.")
    ]
    ruling: Annotated[
        int | None, Meta(description="The number of the ruling that it is about, if it stands.")
    ]
    refusal: str | None


class HistoryPage(msgspec.Struct, frozen=True):
    """Events of a poll, oldest first; of more than 1,000 the newest ones."""

    events: list[HistoryEvent]
    next: Annotated[int | None, Meta(description="`after` of the next page; null if none.")]


def poll_list(polls: Sequence[Poll], limit: int, now_ms: int) -> PollList:
    """Return a page of at most `limit` polls of those that follow."""
    page = polls[:limit]
    more = len(polls) > limit
    summaries = [_summary(poll, now_ms) for poll in page]
    return PollList(summaries, page[-1].id if more else None, to_rfc3339(now_ms))


def _summary(poll: Poll, now_ms: int) -> PollSummary:
    titles = poll.definition.titles
    return PollSummary(
        id=poll.id,
        event=poll.event,
        phase=phase_of(poll, now_ms),
        rehearsal=poll.definition.rehearsal,
        titles=TitlesForm(titles.en, titles.es),
        entries=len(poll.definition.entries),
        opens_at=to_rfc3339_or_none(poll.opens_at_ms),
        closes_at=to_rfc3339_or_none(poll.closes_at_ms),
        released=poll.released,
    )


def poll_state(poll: Poll, now_ms: int) -> PollState:
    """Return a poll as it is now."""
    return PollState(
        id=poll.id,
        event=poll.event,
        phase=phase_of(poll, now_ms),
        opens_at=to_rfc3339_or_none(poll.opens_at_ms),
        closes_at=to_rfc3339_or_none(poll.closes_at_ms),
        settles_at=to_rfc3339_or_none(poll.settled_at_ms),
        frozen=poll.is_frozen(now_ms),
        cut=None if poll.cut is None else list(poll.cut),
        published=poll.published is not None,
        released=poll.released,
        released_by=list(poll.released_by),
        rulings=ruling_summaries(poll),
        revoked=_revoked(poll),
        shows_result=poll.shows_result(now_ms),
        definition=form_of(poll.definition),
        now=to_rfc3339(now_ms),
    )


def _revoked(poll: Poll) -> list[str]:
    voters = poll.definition.voters
    classes = voters.classes if voters else ()
    return [
        *(f"class {one.name}" for one in classes if one.number in poll.revoked_classes),
        *(f"batch {batch}" for batch in sorted(poll.revoked_batches)),
    ]


def changed_answer(recorded: Recorded, poll: Poll, now_ms: int) -> Changed:
    """Return the answer to a change that its event made."""
    return Changed(
        recorded.event.number,
        to_rfc3339(recorded.appended_at_ms),
        to_rfc3339(effective_at_ms(recorded)),
        poll_state(poll, now_ms),
    )


def effective_at_ms(recorded: Recorded) -> int:
    """Return when each route has an event of the log of polls, or accepts no votes in polls.

    Opening, publishing and releasing allow something: a route that does not have it yet breaks no
    promise. Rulings concern no route.
    """
    waits = isinstance(recorded.event.change, Define | Close | Revoke)
    return recorded.appended_at_ms + (LEAD_MS if waits else 0)


def history_page(events: Sequence[PastEvent], limit: int) -> HistoryPage:
    """Return a page of at most `limit` events of those that follow."""
    page = events[:limit]
    more = len(events) > limit
    return HistoryPage([_past(event) for event in page], page[-1].number if more else None)


def _past(event: PastEvent) -> HistoryEvent:
    return HistoryEvent(
        number=event.number,
        appended_at=to_rfc3339(event.appended_at_ms),
        written_at=to_rfc3339(event.written_at_ms),
        author=event.author,
        change=event.change,
        fields=list(event.fields),
        closes_at=to_rfc3339_or_none(event.closes_at_ms),
        ends=None if event.ends is None else list(event.ends),
        revoked=event.revoked,
        ruling=event.ruling,
        refusal=event.refusal,
    )
