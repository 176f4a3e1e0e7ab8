"""Votes on a hundred albums, and the requests that cast them."""

import time
from typing import Any, Final

from voting.client.samples import sample_to_send, sample_vote
from voting.client.sent_vote import vote_request
from voting.domain.vote import Route, Vote, new_vote_id

_ALBUMS: Final = 100
_ARTISTS: Final = 25


def sample_votes(partition: int, count: int, poll: str = "") -> list[Vote]:
    """Return votes on a hundred albums, from both routes, that fall into a partition.

    In a poll, if one is named; then the albums are its entries.
    """
    now = time.time_ns() // 1_000_000
    return [
        sample_vote(
            **_content(number),
            id=new_vote_id(partition),
            route=(Route.GRPC, Route.HTTP)[number % 2],
            cast_at_ms=now,
            **_in_poll(poll, number),
        )
        for number in range(count)
    ]


def _in_poll(poll: str, number: int) -> dict[str, Any]:
    if not poll:
        return {}
    return {"poll": poll, "entry": f"entry-{number % _ALBUMS}", "poll_event": 1}


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
