"""Votes on a hundred albums, and the requests that cast them."""

import os
import time
from collections.abc import Iterator
from itertools import cycle
from random import Random
from typing import Any, Final

from msgspec.structs import replace

from harness.voters.ticket_holders import TicketHolders
from voting.client.samples import sample_to_send, sample_vote
from voting.client.sent_vote import vote_request
from voting.domain.vote import Route, Vote, new_vote_id
from voting.polls.definition import Entry
from voting.voters.token import TOKEN_LENGTH

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
    return {"poll": poll, "entry": _entry_id(number), "poll_event": 1} if poll else {}


def sample_requests(host: str, poll: str = "") -> list[bytes]:
    """Return requests with votes on a hundred albums; the service makes the ids.

    In a poll they are for its `sample_entries`.
    """
    votes = []
    for number in range(_ALBUMS):
        vote = sample_to_send(**_content(number))
        if poll:
            vote = replace(vote, poll=poll, entry=_entry_id(number))
        votes.append(vote_request(host, vote))
    return votes


def ticket_requests(host: str, holders: TicketHolders) -> Iterator[bytes]:
    """Yield requests like `sample_requests` in a poll, each of another voter; they never end."""
    random = Random(os.urandom(8))  # noqa: S311 - the key makes the tokens, not the nonces
    poll, blank = holders.rules.scope, "-" * TOKEN_LENGTH
    votes = [
        sample_to_send(**_content(number), poll=poll, entry=_entry_id(number), voter=blank)
        for number in range(_ALBUMS)
    ]
    for request in cycle([vote_request(host, vote) for vote in votes]):
        yield request.replace(blank.encode(), holders.new_token(random).encode())


def sample_entries() -> tuple[Entry, ...]:
    """Return the hundred albums as the entries of a poll."""
    contents = [_content(number) for number in range(_ALBUMS)]
    return tuple(
        Entry(_entry_id(number), content["name"], content["album"], content["year"])
        for number, content in enumerate(contents)
    )


def _entry_id(number: int) -> str:
    return f"entry-{number % _ALBUMS}"


def _content(number: int) -> dict[str, Any]:
    """Return the content of a vote; a hundred consecutive `number`s are for a hundred albums."""
    album = number % _ALBUMS
    return {
        "name": f"The Band {album % _ARTISTS}",
        "album": f"Album number {album}",
        "year": 1950 + album % 70,
        "rank": 1 + album,
    }
