"""The files of one tree: its tiles and its newest checkpoint, as they are served."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from svc_notary.trees.errors import StoreDamagedError
from svc_notary.trees.files import sync, write_files
from voting.merkle.hashes import HASH_BYTES
from voting.merkle.tiled_tree import TiledTree
from voting.merkle.tiles import TILE_WIDTH, Tile, split_hashes, tile_at

_CHECKPOINT: Final = "checkpoint"
_TILES: Final = "tile"
_REBUILT: Final = "rebuilt"
_REPLACED: Final = "replaced"


class TileStore:
    """The folder of one tree. Every write is on disk when it returns, and may raise `OSError`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, tile: Tile) -> bytes:
        """Return a tile; raise `StoreDamagedError`.

        A partial tile is deleted when it is full, and is the beginning of the full one.
        """
        size = tile.width * HASH_BYTES
        for path in (tile.path, tile._replace(width=TILE_WIDTH).path):
            try:
                with (self.folder / path).open("rb") as file:
                    found = file.read(size + 1 if path == tile.path else size)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise StoreDamagedError(f"{path}: {error.strerror}") from error
            if len(found) == size:
                return found
            raise StoreDamagedError(f"{path} is too short or too long")
        raise StoreDamagedError(f"{tile.path} is missing")

    def write(self, tiles: Sequence[tuple[Tile, bytes]]) -> None:
        """Write tiles; partial ones that are full now are deleted."""
        write_files((self.folder / tile.path, content) for tile, content in tiles)
        for tile, _ in tiles:
            if tile.width == TILE_WIDTH:
                shutil.rmtree(self.folder / f"{tile.path}.p", ignore_errors=True)

    def checkpoint(self) -> bytes | None:
        """Return the newest checkpoint; None if there is none."""
        try:
            return (self.folder / _CHECKPOINT).read_bytes()
        except FileNotFoundError:
            return None

    def write_checkpoint(self, note: bytes) -> None:
        """Replace the checkpoint."""
        write_files([(self.folder / _CHECKPOINT, note)])

    def rebuilding(self) -> TileStore:
        """Return an empty store for the same tree; what this one has stays until `adopt`."""
        rebuilt = self.folder / _REBUILT
        shutil.rmtree(rebuilt, ignore_errors=True)
        return TileStore(rebuilt)

    def adopt(self) -> None:
        """Replace the tiles by those of the store that `rebuilding` returned."""
        tiles, replaced = self.folder / _TILES, self.folder / _REPLACED
        shutil.rmtree(replaced, ignore_errors=True)
        if tiles.exists():
            tiles.replace(replaced)
        (self.folder / _REBUILT / _TILES).replace(tiles)
        sync(self.folder)
        shutil.rmtree(replaced, ignore_errors=True)


def check_tiles(store: TileStore, size: int, root: bytes) -> None:
    """Compute every hash of a stored tree anew from its leaves.

    Raises `StoreDamagedError` when a tile, or the root, is not what it should be.
    """

    def check(tile: Tile, content: bytes) -> None:
        if tile.level and store.read(tile) != content:
            raise StoreDamagedError(f"{tile.path} does not fit the tiles below it")

    tree = TiledTree(check)
    for number in range(-(-size // TILE_WIDTH)):
        tree.extend(split_hashes(store.read(tile_at(0, number, size))))
    for tile, content in tree.partials():
        check(tile, content)
    if tree.root() != root:
        raise StoreDamagedError("the leaves are not those of the checkpoint")
