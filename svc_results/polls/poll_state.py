"""What everybody may know of a poll: all but its result."""

from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from svc_results.polls.followed_polls import FollowedPolls
from svc_results.result.cover import Cover, cover_of
from svc_results.result.newest_votes import Artist, Time, Title
from voting.domain.times import to_rfc3339, to_rfc3339_or_none
from voting.domain.vote import RANK_MAX, RANK_MIN, VOTER_CLASS_MAX
from voting.polls import phase
from voting.polls.definition import (
    CLASS_PREFIX,
    ENTRIES_MAX,
    ORDER,
    RANK_SUM,
    VOTES,
    Entry,
    ShowResult,
    Titles,
)
from voting.polls.poll import Poll
from voting.voters.rules import VOTES_MAX, WEIGHT_MAX, VoterRules, Way

type Rank = Annotated[int, Meta(ge=RANK_MIN, le=RANK_MAX)]
type PollId = Annotated[str, Meta(description="The poll's id.")]
type EntryId = Annotated[str, Meta(description="The entry's id.")]
type Ties = Annotated[
    list[str],
    Meta(
        description="What decides between entries with the same score, the first rule first: "
        f"`{RANK_SUM}`, `{VOTES}` of all classes, `{CLASS_PREFIX}NAME` (the votes of a class), "
        f"`{ORDER}` (that of the poll's entries). Empty: the rank sum decides, and entries that "
        "are equal in that share a place."
    ),
]


class Phase(StrEnum):
    """What voters see of a poll's phase; it only goes on, never back."""

    NOT_OPEN = "not_open"
    OPEN = "open"
    CLOSED = "closed"


_PHASES: Final = {
    phase.Phase.DRAFT: Phase.NOT_OPEN,
    phase.Phase.SCHEDULED: Phase.NOT_OPEN,
    phase.Phase.OPEN: Phase.OPEN,
    phase.Phase.CLOSED: Phase.CLOSED,
    phase.Phase.FINAL: Phase.CLOSED,  # the result may still have to be summed up
}


class PollEntry(msgspec.Struct, frozen=True):
    """One thing to vote for."""

    id: EntryId
    name: Artist
    album: Title
    year: int
    cover: Cover = msgspec.field(name="sleeve")


class PollVoterClass(msgspec.Struct, frozen=True):
    """A class of voters, whose votes are counted apart."""

    name: Annotated[str, Meta(description="Like `audience` or `jury`.")]
    weight: Annotated[
        int,
        Meta(
            ge=1,
            le=WEIGHT_MAX,
            description="What all its votes together weigh in the result, beside other classes.",
        ),
    ]


class PollVoters(msgspec.Struct, frozen=True):
    """How often a voter may vote, and where a voter's token comes from. A vote needs one."""

    scope: Annotated[str, Meta(description="Polls of one scope share their tokens.")]
    votes: Annotated[
        int, Meta(ge=1, le=VOTES_MAX, description="With more than one, a vote needs a `slot`.")
    ]
    per_entry: Annotated[bool, Meta(description="Whether each entry gets one vote of a voter.")]
    classes: Annotated[list[PollVoterClass], Meta(min_length=1, max_length=VOTER_CLASS_MAX + 1)]
    ways: Annotated[
        tuple[Way, ...], Meta(description="How svc_voters gives tokens; empty: organisers do.")
    ]


class ListedPoll(msgspec.Struct, frozen=True):
    """A poll in the list of those that are on."""

    id: str
    titles: Titles
    phase: Phase
    opens_at: str | None


class PollState(msgspec.Struct, frozen=True):
    """A poll, without its result."""

    id: PollId
    titles: Annotated[Titles, Meta(description="The title in each language.")]
    rehearsal: Annotated[bool, Meta(description="Whether the votes are only for trying it out.")]
    phase: Phase
    opens_at: Annotated[Time | None, Meta(description="Null: an organiser opens it by hand.")]
    closes_at: Annotated[Time | None, Meta(description="Null: an organiser closes it by hand.")]
    at: Annotated[Time, Meta(description="The time at which this was true.")]
    rank_min: Rank
    rank_max: Annotated[Rank, Meta(description="As `rank_min`: each vote picks one entry.")]
    show_result: ShowResult
    result_shown: Annotated[bool, Meta(description="Whether the result may be seen now.")]
    entries: Annotated[list[PollEntry], Meta(max_length=ENTRIES_MAX)]
    voters: Annotated[
        PollVoters | None, Meta(description="Null: anybody votes, as often as they like.")
    ]
    ties: Ties
    current: Annotated[
        bool, Meta(description="False while changes of polls cannot be read: this may be old.")
    ]


def poll_state(poll: Poll, polls: FollowedPolls) -> PollState:
    """Return what everybody may know of the poll now."""
    definition, now_ms = poll.definition, polls.now_ms
    return PollState(
        id=poll.id,
        titles=definition.titles,
        rehearsal=definition.rehearsal,
        phase=phase_of(poll, now_ms),
        opens_at=to_rfc3339_or_none(poll.opens_at_ms),
        closes_at=to_rfc3339_or_none(poll.closes_at_ms),
        at=to_rfc3339(now_ms),
        rank_min=definition.rank_min,
        rank_max=definition.rank_max,
        show_result=definition.show_result,
        result_shown=polls.shows_result(poll),
        entries=[_entry(entry) for entry in definition.entries],
        voters=_voters(definition.voters),
        ties=list(definition.ties),
        current=polls.current,
    )


def listed_poll(poll: Poll, now_ms: int) -> ListedPoll:
    """Return the poll as the list has it at this time."""
    return ListedPoll(
        poll.id,
        poll.definition.titles,
        phase_of(poll, now_ms),
        to_rfc3339_or_none(poll.opens_at_ms),
    )


def phase_of(poll: Poll, now_ms: int) -> Phase:
    """Return what voters see of the poll's phase at this time."""
    return _PHASES[phase.phase_of(poll, now_ms)]


def _voters(rules: VoterRules | None) -> PollVoters | None:
    if rules is None:
        return None
    classes = [PollVoterClass(one.name, one.weight) for one in rules.classes]
    return PollVoters(rules.scope, rules.votes, rules.per_entry, classes, rules.ways)


def _entry(entry: Entry) -> PollEntry:
    cover = cover_of(entry.name, entry.album, entry.year)
    return PollEntry(entry.id, entry.name, entry.album, entry.year, cover)
