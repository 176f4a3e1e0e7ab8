"""Each album is drawn as a cover of its own, so that eyes can follow it through the result."""

import zlib
from typing import Final

# 8 patterns in 12 colours: templates/page.html draws the patterns, static/page.css the colours.
COVERS: Final = 96


def cover_of(name: str, album: str, year: int) -> int:
    """Return the number of an album's cover, 0 to `COVERS` - 1: always the same for an album."""
    return zlib.crc32(f"{name}\x1f{album}\x1f{year}".encode()) % COVERS
