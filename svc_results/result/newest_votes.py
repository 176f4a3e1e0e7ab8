"""Pages of the vote log, newest first."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from svc_results.result.cover import Cover, cover_of
from svc_results.result.cursor import cursor_after
from voting.domain.times import to_rfc3339
from voting.domain.vote import RANK_MAX, RANK_MIN, Route, Vote
from voting.stores.logged_vote import LoggedVote

type Artist = Annotated[str, Meta(description="Who made the album.")]
type Title = Annotated[str, Meta(description="The album's title.")]
type Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
"""RFC 3339 in UTC."""
type NextPage = Annotated[
    str | None,
    Meta(description="The parameter `after` for the next page; null on the last page."),
]


class ShownVote(msgspec.Struct, frozen=True):
    """What is shown of any vote."""

    id: Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
    name: Artist
    album: Title
    year: int
    rank: Annotated[int, Meta(ge=RANK_MIN, le=RANK_MAX)]
    route: Route
    cast_at: Time


class VoteEntry(ShownVote, frozen=True):
    """An entry of the vote log."""

    cover: Cover = msgspec.field(name="sleeve")


class OneVote(ShownVote, frozen=True):
    """What counts under an id; of several copies the first in Kafka."""

    poll: Annotated[str | None, Meta(description="Null in the open poll.")]
    entry: str | None
    voter_class: Annotated[
        str | None,
        Meta(description="The class of its voter; null where anybody votes."),
    ]
    counts: Annotated[
        bool,
        Meta(description="False: it is not in the result of its poll, for which it came too late."),
    ]


class VotePage(msgspec.Struct, frozen=True):
    """A page of the vote log, newest first."""

    votes: list[VoteEntry]
    next: NextPage


def vote_page(votes: Sequence[LoggedVote], limit: int) -> VotePage:
    """Return the votes read from the vote log with `limit` as a page."""
    return VotePage([_entry(logged.vote) for logged in votes], cursor_after(votes, limit))


def one_vote(vote: Vote, *, voter_class: str | None, counts: bool) -> OneVote:
    """Return a vote of the vote log by itself; `voter_class` is the name of its voter's class."""
    return OneVote(*_shown(vote), vote.poll or None, vote.entry or None, voter_class, counts)


def _entry(vote: Vote) -> VoteEntry:
    return VoteEntry(*_shown(vote), cover_of(vote.name, vote.album, vote.year))


def _shown(vote: Vote) -> tuple[str, str, str, int, int, Route, str]:
    """Return the fields of `ShownVote`, in their order."""
    cast_at = to_rfc3339(vote.cast_at_ms)
    return vote.id, vote.name, vote.album, vote.year, vote.rank, vote.route, cast_at
