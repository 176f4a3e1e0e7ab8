"""One valid vote, from which everything that makes votes derives its own."""

from typing import Any, Final

import msgspec

from voting.client.sent_vote import SentVote
from voting.domain.vote import VOTER_CLASS_MAX, Route, Vote

_SAMPLE: Final = Vote(
    id="019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071",
    name="Pink Floyd",
    album="The Dark Side of the Moon",
    year=1973,
    rank=29,
    route=Route.HTTP,
    cast_at_ms=1_764_000_000_000,
)
_SENT: Final = msgspec.structs.replace(SentVote.of(_SAMPLE), id=None, route=None)
SAMPLE_POLLS: Final = ("album-of-the-year", "2026")
"""Polls with entries of the same ids; the name of one reads as a number."""


def sample_vote(**fields: object) -> Vote:
    """Return the sample with these fields changed."""
    return msgspec.structs.replace(_SAMPLE, **fields)


def poll_fields(number: int) -> dict[str, Any]:
    """Return the fields that put a vote into a poll: the sample polls in turn, then none.

    The voters are of several classes.
    """
    poll = ("", *SAMPLE_POLLS)[number % 3]
    if not poll:
        return {}
    voter_class = (0, 1, VOTER_CLASS_MAX)[number // 3 % 3]
    entry = str(number % 4)
    return {"poll": poll, "entry": entry, "poll_event": 1, "voter_class": voter_class}


def sample_to_send(**fields: object) -> SentVote:
    """Return the sample as a client sends it, without id and route, with these fields changed."""
    return msgspec.structs.replace(_SENT, **fields)
