"""Votes on a hundred albums, and the requests that cast them."""

import time
from typing import Any, Final

from voting.client.samples import sample_to_send, sample_vote
from voting.client.sent_vote import vote_request
from voting.domain.vote import Route, Vote, new_vote_id

_ALBUMS: Final = 100
_ARTISTS: Final = 25


def sample_votes(partition: int, count: int) -> list[Vote]:
    """Return votes on a hundred albums, from both routes, that fall into a partition."""
    now = time.time_ns() // 1_000_000
    return [
        sample_vote(
            **_content(number),
            id=new_vote_id(partition),
            route=(Route.GRPC, Route.HTTP)[number % 2],
            cast_at_ms=now,
        )
        for number in range(count)
    ]


def sample_requests(host: str) -> list[bytes]:
    """Return requests with votes on a hundred albums; the service makes the ids."""
    return [vote_request(host, sample_to_send(**_content(number))) for number in range(_ALBUMS)]


def _content(number: int) -> dict[str, Any]:
    """Return the content of a vote; a hundred consecutive `number`s are for a hundred albums."""
    album = number % _ALBUMS
    return {
        "name": f"The Band {album % _ARTISTS}",
        "album": f"Album number {album}",
        "year": 1950 + album % 70,
        "rank": 1 + album,
    }
