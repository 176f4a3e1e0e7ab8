"""A tree that grows, as the tiles at its right edge."""

from collections.abc import Callable, Iterable

from voting.merkle.frontier import Frontier
from voting.merkle.hashes import perfect_root
from voting.merkle.tiles import TILE_HEIGHT, TILE_WIDTH, Tile, partial_tiles, split_hashes


class TiledTree:
    """Hands each tile that is full to `on_full`, in order, a tile before the one above it."""

    def __init__(self, on_full: Callable[[Tile, bytes], None]) -> None:
        self._on_full = on_full
        self._edge: list[list[bytes]] = [[]]
        self.size = 0

    @classmethod
    def at(
        cls, size: int, read: Callable[[Tile], bytes], on_full: Callable[[Tile, bytes], None]
    ) -> TiledTree:
        """Return the tree of this size, with its partial tiles from `read`."""
        tree = cls(on_full)
        tree.size = size
        for tile in partial_tiles(size):
            tree._level(tile.level).extend(split_hashes(read(tile)))
        return tree

    @property
    def last_leaf(self) -> bytes | None:
        """The hash of the last leaf if its tile is partial."""
        return self._edge[0][-1] if self._edge[0] else None

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add the hashes of the next leaves."""
        edge = self._edge[0]
        for leaf in leaves:
            edge.append(leaf)
            self.size += 1
            if len(edge) == TILE_WIDTH:
                self._close(0)

    def partials(self) -> list[tuple[Tile, bytes]]:
        """Return the partial tiles and their hashes."""
        return [(tile, b"".join(self._edge[tile.level])) for tile in partial_tiles(self.size)]

    def root(self) -> bytes:
        """Return the root of the tree."""
        return self.frontier().root()

    def frontier(self) -> Frontier:
        """Return the roots of the perfect subtrees at its right edge."""
        roots: list[bytes] = []
        for hashes in reversed(self._edge):
            begin = 0
            for height in reversed(range(TILE_HEIGHT)):
                if len(hashes) & (width := 1 << height):
                    roots.append(perfect_root(hashes[begin : begin + width]))
                    begin += width
        return Frontier(self.size, roots)

    def _close(self, level: int) -> None:
        hashes = self._edge[level]
        number = (self.size >> TILE_HEIGHT * (level + 1)) - 1
        self._on_full(Tile(level, number), b"".join(hashes))
        above = self._level(level + 1)
        above.append(perfect_root(hashes))
        hashes.clear()
        if len(above) == TILE_WIDTH:
            self._close(level + 1)

    def _level(self, level: int) -> list[bytes]:
        while len(self._edge) <= level:
            self._edge.append([])
        return self._edge[level]
