"""Makes votes, and the requests that cast them."""

import time
from typing import Any, Final, NamedTuple

import msgspec

from voting.domain.vote import Route, Vote, new_vote_id

_ALBUMS: Final = 100
_ARTISTS: Final = 25


class Ballot(NamedTuple):
    """A vote as a client sends it; the id is None until the client or the service made one."""

    id: str | None
    name: str
    album: str
    year: int
    rank: int
    route: Route

    @classmethod
    def of(cls, vote: Vote) -> Ballot:
        """Return what a client sent to cast `vote`."""
        return cls(vote.id, vote.name, vote.album, vote.year, vote.rank, vote.route)

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object that casts this vote; without an id the service makes one."""
        document = self._asdict()
        del document["route"]
        if self.id is None:
            del document["id"]
        return document

    def is_logged_as(self, logged: Vote) -> bool:
        """Return whether a vote of the vote log is this one, unaltered."""
        ours = (self.name, self.album, self.year, self.rank, self.route)
        return ours == (logged.name, logged.album, logged.year, logged.rank, logged.route)


def sample_ballot(number: int, route: Route = Route.HTTP) -> Ballot:
    """Return a vote without an id; every hundred `number`s in a row are for a hundred albums."""
    album = number % _ALBUMS
    artist, year = f"The Band {album % _ARTISTS}", 1950 + album % 70
    return Ballot(None, artist, f"Album number {album}", year, 1 + album, route)


def sample_votes(partition: int, count: int) -> list[Vote]:
    """Return votes on a hundred albums, from both routes, that fall into a partition."""
    now = time.time_ns() // 1_000_000
    votes = []
    for number in range(count):
        ballot = sample_ballot(number, (Route.GRPC, Route.HTTP)[number % 2])
        votes.append(
            Vote(
                id=new_vote_id(partition),
                name=ballot.name,
                album=ballot.album,
                year=ballot.year,
                rank=ballot.rank,
                route=ballot.route,
                cast_at_ms=now,
            )
        )
    return votes


def vote_request(host: str, ballot: Ballot) -> bytes:
    """Return the HTTP request to `host` that casts a vote."""
    body = msgspec.json.encode(ballot.document)
    head = (
        "POST /votes HTTP/1.1\r\n"
        f"host: {host}\r\n"
        "content-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def sample_requests(host: str) -> list[bytes]:
    """Return requests with votes on a hundred albums; the service makes the ids."""
    return [vote_request(host, sample_ballot(number)) for number in range(_ALBUMS)]
