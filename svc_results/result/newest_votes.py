"""Pages of the vote log, newest first."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from svc_results.result.cover import cover_of
from svc_results.result.cursor import cursor_after
from voting.domain.vote import Route, Vote
from voting.stores.logged_vote import LoggedVote


class VoteEntry(msgspec.Struct, frozen=True):
    """An entry of the vote log; `cast_at` is RFC 3339 in UTC."""

    id: str
    name: str
    album: str
    year: int
    rank: int
    route: Route
    cast_at: str
    cover: int = msgspec.field(name="sleeve")


class VotePage(msgspec.Struct, frozen=True):
    """Some entries, newest first, and the cursor to older ones, None on the last page."""

    votes: list[VoteEntry]
    next: str | None


def vote_page(votes: Sequence[LoggedVote], limit: int) -> VotePage:
    """Return the votes read from the vote log with `limit` as a page."""
    return VotePage([_entry(logged.vote) for logged in votes], cursor_after(votes, limit))


def rfc3339(seconds: float) -> str:
    """Return Unix time as RFC 3339 text in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _entry(vote: Vote) -> VoteEntry:
    return VoteEntry(
        vote.id,
        vote.name,
        vote.album,
        vote.year,
        vote.rank,
        vote.route,
        rfc3339(vote.cast_at_ms / 1000),
        cover_of(vote.name, vote.album, vote.year),
    )
