"""Tiles: how a tree lies in static files (c2sp.org/tlog-tiles).

A tile is up to 256 hashes of one level; each hash of the level above is the root above a full one.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from voting.merkle.hashes import HASH_BYTES, perfect_root
from voting.merkle.proofs import Node

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 1 << TILE_HEIGHT

_LEVEL_MAX: Final = 63
_PATH: Final = re.compile(
    r"tile/(0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,5})([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII
)


class Tile(NamedTuple):
    """A tile by its place: level 0 has the leaves; partial if it is not `TILE_WIDTH` wide."""

    level: int
    number: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """Its path below the tree's prefix."""
        place = f"{self.number % 1000:03}"
        rest = self.number // 1000
        while rest:
            place = f"x{rest % 1000:03}/{place}"
            rest //= 1000
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{self.level}/{place}{partial}"


def read_tile_path(path: str) -> Tile | None:
    """Return the tile with this path; None if it is no tile's."""
    if not (match := _PATH.fullmatch(path)):
        return None
    level, upper, last, width = match.groups()
    tile = Tile(
        int(level),
        int(upper.replace("x", "").replace("/", "") + last),
        TILE_WIDTH if width is None else int(width),
    )
    # A path that says the same in another way, with leading zeros for one, is no tile's.
    return tile if tile.path == path and tile.level <= _LEVEL_MAX else None


def tile_at(level: int, number: int, size: int) -> Tile:
    """Return a tile of a tree of this size, as wide as it is there."""
    width = min((size >> TILE_HEIGHT * level) - number * TILE_WIDTH, TILE_WIDTH)
    if width <= 0:
        raise ValueError(f"a tree of {size} leaves has no tile {number} of level {level}")
    return Tile(level, number, width)


def partial_tiles(size: int) -> Iterator[Tile]:
    """Return the partial tiles of a tree of this size, from the leaves up."""
    level = 0
    while hashes := size >> TILE_HEIGHT * level:
        full, width = divmod(hashes, TILE_WIDTH)
        if width:
            yield Tile(level, full, width)
        level += 1


def split_hashes(data: bytes) -> list[bytes]:
    """Return the hashes of a tile."""
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def nodes_of(size: int, read: Callable[[Tile], bytes]) -> Node:
    """Return the nodes of a tree of this size, from tiles that `read` returns, each read once."""
    known: dict[Tile, bytes] = {}

    def node(level: int, index: int) -> bytes:
        tile_level, height = divmod(level, TILE_HEIGHT)
        first = index << height
        tile = tile_at(tile_level, first >> TILE_HEIGHT, size)
        if tile not in known:
            known[tile] = read(tile)
        begin = first % TILE_WIDTH * HASH_BYTES
        return perfect_root(split_hashes(known[tile][begin : begin + (HASH_BYTES << height)]))

    return node
