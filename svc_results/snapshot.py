"""What the page shows and the API answers: one self-contained picture of the result."""

from collections.abc import Iterable, Mapping, Sequence
from heapq import nsmallest
from typing import Final

import msgspec

from svc_results.entries import VotePage, vote_page
from svc_results.rates import RateMeter
from svc_results.sleeve import sleeve_of
from voting.logged_vote import LoggedVote
from voting.tally import AlbumTally, Tally
from voting.vote import Route

# A snapshot stays small however many albums there are.
TOP_ALBUMS: Final = 50
NEWEST_VOTES: Final = 10


class AlbumResult(msgspec.Struct, frozen=True):
    """An album's place in the result. `sleeve` is a number for drawing it."""

    name: str
    album: str
    year: int
    votes: int
    rank_sum: int
    average_rank: float
    sleeve: int


class RouteResult(msgspec.Struct, frozen=True):
    """Votes that took a route: in all, per second now, and in each of the last seconds.

    A rate is nothing where it is not known, as after a start or an outage of Redis.
    """

    votes: int
    votes_per_second: float | None
    history: list[float | None]


class Unavailable(msgspec.Struct, frozen=True):
    """Why the tally or the vote log cannot be read now; nothing for one that can."""

    tally: str | None = None
    log: str | None = None


class Snapshot(msgspec.Struct, frozen=True):
    """The result as of `at` (RFC 3339), the last time the tally was read; nothing before that.

    `albums` holds the first `TOP_ALBUMS` of `album_count`, most votes first.
    """

    at: str | None
    total: int
    album_count: int
    albums: list[AlbumResult]
    routes: Mapping[Route, RouteResult]
    newest: VotePage
    unavailable: Unavailable


def take_snapshot(
    at: str | None,
    tally: Tally | None,
    rates: RateMeter,
    newest: Sequence[LoggedVote],
    unavailable: Unavailable,
) -> Snapshot:
    """Return the picture of what was read; without a tally every count is 0 and `at` nothing."""
    tally = tally or Tally()
    now = None if unavailable.tally else rates.now()
    return Snapshot(
        at=at,
        total=tally.votes,
        album_count=len(tally.albums),
        albums=top_albums(tally.albums.values()),
        routes={
            route: RouteResult(
                tally.routes.get(route, 0), now[route] if now else None, rates.history(route)
            )
            for route in Route
        },
        newest=vote_page(newest, NEWEST_VOTES),
        unavailable=unavailable,
    )


def top_albums(albums: Iterable[AlbumTally]) -> list[AlbumResult]:
    """Return the albums with the most votes; names decide a tie, so that the order is stable."""
    top = nsmallest(TOP_ALBUMS, albums, key=lambda a: (-a.votes, a.name, a.album, a.year))
    return [
        AlbumResult(
            album.name,
            album.album,
            album.year,
            album.votes,
            album.rank_sum,
            round(album.average_rank, 2),
            sleeve_of(album.name, album.album, album.year),
        )
        for album in top
    ]


def same_picture(one: Snapshot, other: Snapshot) -> bool:
    """Whether two snapshots show the same, whenever they were read."""
    return msgspec.structs.replace(one, at=other.at) == other
