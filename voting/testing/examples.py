"""An example vote for tests."""

from typing import Final

import msgspec

from voting.domain.vote import Route, Vote

VOTE: Final = Vote(
    id="019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071",
    name="Pink Floyd",
    album="The Dark Side of the Moon",
    year=1973,
    rank=29,
    route=Route.HTTP,
    cast_at_ms=1_764_000_000_000,
)


def vote_with(**fields: object) -> Vote:
    """Return the example vote with these fields changed."""
    return msgspec.structs.replace(VOTE, **fields)
