"""The snapshot of the result that the page shows and the API returns."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from svc_results.result.cover import cover_of
from svc_results.result.newest_votes import VotePage, vote_page
from svc_results.result.ranking import Ranking, Standing
from svc_results.result.rates import RateMeter
from voting.domain.tally import album_of_key
from voting.domain.vote import Route
from voting.stores.logged_vote import LoggedVote

# A snapshot stays small however many albums there are.
TOP_ALBUMS: Final = 100
NEWEST_VOTES: Final = 10


class AlbumResult(msgspec.Struct, frozen=True):
    """An album's counts; `cover` is the number of its cover, `sleeve` in the API."""

    name: str
    album: str
    year: int
    votes: int
    rank_sum: int
    average_rank: float
    cover: int = msgspec.field(name="sleeve")


class RouteResult(msgspec.Struct, frozen=True):
    """Votes that took a route: in all, per second now, and in each of the last seconds.

    A rate is None while unknown, as after a start or an outage of Redis.
    """

    votes: int
    votes_per_second: float | None
    history: list[float | None]


TALLY_AWAY: Final = "the count cannot be read now"
LOG_AWAY: Final = "the newest votes cannot be read now"


class Unavailable(msgspec.Struct, frozen=True):
    """Why the tally or the vote log cannot be read now; None for one that can.

    Public: which server fails, and why, is in `/readyz` and in the log.
    """

    tally: str | None = None
    log: str | None = None


class Snapshot(msgspec.Struct, frozen=True):
    """The result as of `at` (RFC 3339), the last reading of the tally; None before the first.

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
    ranking: Ranking | None,
    rates: RateMeter,
    newest: Sequence[LoggedVote],
    unavailable: Unavailable,
) -> Snapshot:
    """Return a snapshot of what was read; without a ranking every count is 0."""
    ranking = ranking or Ranking()
    now = None if unavailable.tally else rates.now()
    return Snapshot(
        at=at,
        total=ranking.votes,
        album_count=ranking.album_count,
        albums=album_results(ranking.standings[:TOP_ALBUMS]),
        routes={
            route: RouteResult(
                ranking.routes.get(route, 0), now[route] if now else None, rates.history(route)
            )
            for route in Route
        },
        newest=vote_page(newest, NEWEST_VOTES),
        unavailable=unavailable,
    )


def album_results(standings: Sequence[Standing]) -> list[AlbumResult]:
    """Return the results of these albums, in the same order."""
    return [_album_result(standing) for standing in standings]


def shows_the_same(one: Snapshot, other: Snapshot) -> bool:
    """Whether two snapshots differ in nothing but their time."""
    return msgspec.structs.replace(one, at=other.at) == other


def _album_result(standing: Standing) -> AlbumResult:
    name, album, year = album_of_key(standing.key)
    average = round(standing.rank_sum / standing.votes, 2) if standing.votes else 0.0
    return AlbumResult(
        name,
        album,
        year,
        standing.votes,
        standing.rank_sum,
        average,
        cover_of(name, album, year),
    )
