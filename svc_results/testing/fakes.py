"""Fakes of the stores, for tests."""

from collections.abc import Sequence

from svc_results.result.ranking import Ranking, ranking_of
from voting.domain.tally import tally_of
from voting.domain.vote import Route
from voting.stores.errors import StoreUnavailableError
from voting.stores.logged_vote import Cursor, LoggedVote, Place
from voting.testing.examples import vote_with


class FakeStores:
    """A tally and a vote log in memory, which can be unavailable."""

    def __init__(self, votes: Sequence[LoggedVote] = ()) -> None:
        self.votes = list(votes)
        self.redis_away = False
        self.mongodb_away = False
        self.readings = 0
        self.log_readings = 0

    async def read(self) -> Ranking:
        """Return the ranking of the votes."""
        self.readings += 1
        if self.redis_away:
            raise StoreUnavailableError("Redis", OSError("refused"))
        return ranking_of(tally_of(logged.vote for logged in self.votes))

    async def find(self, ids: Sequence[str]) -> dict[str, LoggedVote]:
        """Return votes as the vote log does."""
        if self.mongodb_away:
            raise StoreUnavailableError("MongoDB", OSError("refused"))
        return {vote.id: vote for vote in self.votes if vote.id in ids}

    async def newest(self, limit: int, after: Cursor | None = None) -> list[LoggedVote]:
        """Return the votes as the vote log does."""
        self.log_readings += 1
        if self.mongodb_away:
            raise StoreUnavailableError("MongoDB", OSError("refused"))
        votes = sorted(self.votes, key=lambda vote: vote.cursor, reverse=True)
        return [vote for vote in votes if after is None or vote.cursor < after][:limit]


def fake_vote(number: int, album: str = "Kind of Blue", **fields: object) -> LoggedVote:
    """Return a vote; higher numbers are later, and the routes alternate."""
    at_ms = 1_764_000_000_000 + number
    values: dict[str, object] = {
        "id": f"00000000-0000-4000-8000-{number:012x}",
        "name": "Miles Davis",
        "album": album,
        "year": 1959,
        "rank": 80,
        "route": (Route.GRPC, Route.HTTP)[number % 2],
        "cast_at_ms": at_ms,
    }
    return LoggedVote(vote_with(**{**values, **fields}), Place(0, number), at_ms)
