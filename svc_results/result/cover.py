"""Draws each album with a cover of its own, which the eye can follow as albums change places."""

import zlib
from typing import Final

from voting.domain.tally import album_key

# 8 patterns in 12 colours: page/templates/page.html has the patterns, page/static/page.css the
# colours. The API calls the number `sleeve`.
COVERS: Final = 96


def cover_of(name: str, album: str, year: int) -> int:
    """Return the number of an album's cover, 0 to `COVERS` - 1: always the same for an album."""
    return zlib.crc32(album_key(name, album, year)) % COVERS
