"""Gives each album a cover of its own, easy to follow as albums change places."""

import zlib
from typing import Annotated, Final

from msgspec import Meta

from voting.domain.tally import album_key

# 8 patterns in 12 colours: page/templates/covers.html has the patterns, page/static/base.css the
# colours. The API calls the number `sleeve`.
COVERS: Final = 96

type Cover = Annotated[
    int,
    Meta(
        ge=0,
        le=COVERS - 1,
        description="A number derived from name, album and year, used to draw the album's cover.",
    ),
]


def cover_of(name: str, album: str, year: int) -> Cover:
    """Return the number of an album's cover, 0 to `COVERS` - 1: always the same for an album."""
    return zlib.crc32(album_key(name, album, year)) % COVERS
