"""An example vote for tests."""

from typing import Final

import msgspec

from voting.domain.vote import Route, Vote

VOTE: Final = Vote(
    "019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071",
    "Pink Floyd",
    "The Dark Side of the Moon",
    1973,
    29,
    Route.HTTP,
    1_764_000_000_000,
)


def vote_with(**fields: object) -> Vote:
    """Return the example vote with these fields changed."""
    return msgspec.structs.replace(VOTE, **fields)
