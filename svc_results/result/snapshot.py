"""The snapshot of the result that the page shows and the API returns."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from svc_results.result.cover import Cover, cover_of
from svc_results.result.newest_votes import Artist, Time, Title, VotePage, vote_page
from svc_results.result.ranking import Ranking, Standing
from svc_results.result.rates import HISTORY_SECONDS, RateMeter
from voting.domain.tally import album_of_key
from voting.domain.vote import RANK_MAX, Route
from voting.stores.logged_vote import LoggedVote

# Keep a snapshot small, however many albums there are.
TOP_ALBUMS: Final = 100
NEWEST_VOTES: Final = 10


type Count = Annotated[int, Meta(ge=0)]
type Rate = Annotated[Annotated[float, Meta(ge=0)] | None, Meta(description="Votes per second.")]


class AlbumResult(msgspec.Struct, frozen=True):
    """An album's place in the results."""

    name: Artist
    album: Title
    year: int
    votes: Count
    rank_sum: Count
    average_rank: Annotated[float, Meta(ge=0, le=RANK_MAX)]
    cover: Cover = msgspec.field(name="sleeve")


class RouteResult(msgspec.Struct, frozen=True):
    """Votes that took a route. A rate is null if it is not known."""

    # For example after a start or an outage of Redis.
    votes: Count
    votes_per_second: Rate
    history: Annotated[
        list[Rate],
        Meta(
            max_length=HISTORY_SECONDS,
            description="Votes in each of the last seconds, oldest first.",
        ),
    ]


TALLY_AWAY: Final = "the results are unavailable right now"
LOG_AWAY: Final = "the latest votes are unavailable right now"


class Unavailable(msgspec.Struct, frozen=True):
    """For each part of the results, why it is unavailable; null if it is available."""

    # `/readyz` and the log name the server and the cause.

    tally: str | None = None
    log: str | None = None


class Snapshot(msgspec.Struct, frozen=True):
    """The results as of `at`, when the tally was last read; `at` is null before the first read."""

    at: Time | None
    total: Count
    album_count: Count
    albums: Annotated[
        list[AlbumResult],
        Meta(
            max_length=TOP_ALBUMS,
            description="The top albums, most votes first; `/api/albums` has more.",
        ),
    ]
    routes: Mapping[Route, RouteResult]
    newest: Annotated[VotePage, Meta(description=f"The latest {NEWEST_VOTES} votes.")]
    unavailable: Unavailable


def take_snapshot(
    at: str | None,
    ranking: Ranking | None,
    rates: RateMeter,
    newest: Sequence[LoggedVote],
    unavailable: Unavailable,
) -> Snapshot:
    """Return a snapshot of these readings; without a ranking, every count is 0."""
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
