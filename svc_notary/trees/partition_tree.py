"""The tree of one partition: takes in records, and signs what it has on disk."""

import logging
from collections.abc import Sequence
from typing import Final, Protocol

from svc_notary.trees.checkpoints import Published, note_of, read_published
from svc_notary.trees.errors import LedgerReplacedError, StoreDamagedError
from svc_notary.trees.tile_store import TileStore, check_tiles
from voting.merkle.checkpoint import Checkpoint
from voting.merkle.hashes import HASH_BYTES, leaf_hash
from voting.merkle.proofs import consistency_proof, verify_consistency
from voting.merkle.tiled_tree import TiledTree
from voting.merkle.tiles import TILE_WIDTH, Tile, nodes_of, tile_at
from voting.signing.keys import SigningKey

_log = logging.getLogger(__name__)

UNSIGNED: Final = "unsigned"


class Record(Protocol):
    """What a tree needs of a record of the ledger."""

    @property
    def offset(self) -> int:
        """Its offset in the partition."""
        ...

    @property
    def key(self) -> bytes | None:
        """Its key."""
        ...

    @property
    def value(self) -> bytes | None:
        """Its value."""
        ...


class PartitionTree:
    """A tree, and what was last published of it.

    `open` checks what the store has. Damaged tiles are made again from the ledger, beside the old
    ones, and must come to the root of the published checkpoint.
    """

    def __init__(self, number: int, store: TileStore, key: SigningKey | None) -> None:
        self.number = number
        self.published: Published | None = None
        self.halted: str | None = None
        self.confirmed = False  # the last record in the tree has been read again, and is the same
        self._key = key
        self._origin = f"{key.name if key else UNSIGNED}/{number}"
        self._store = store
        self._rebuilt: TileStore | None = None
        self._signed_leaf = b""
        self._begin(TiledTree(self._keep), b"")

    def open(self) -> None:
        """Begin with what the store has; reads all of it."""
        self._rebuilt = None
        self._begin(TiledTree(self._keep), b"")
        self.published = read_published(self._store, self._key)
        if self.published is None:
            return
        size, root = self.published.checkpoint.size, self.published.checkpoint.root
        try:
            check_tiles(self._store, size, root)
            last = self._store.read(tile_at(0, (size - 1) // TILE_WIDTH, size)) if size else b""
            tree = TiledTree.at(size, self._store.read, self._keep)
        except StoreDamagedError as error:
            _log.error(
                "partition %d: the tree's files are damaged, making them again from the ledger: %s",
                self.number,
                error,
                extra={"partition": self.number},
            )
            self._rebuild()
        else:
            self._signed_leaf = last[-HASH_BYTES:]
            self._begin(tree, self._signed_leaf)

    @property
    def size(self) -> int:
        """How many records it has, published or not."""
        return self._tree.size

    @property
    def published_size(self) -> int:
        """How many records the published checkpoint has."""
        return self.published.checkpoint.size if self.published else 0

    @property
    def next_offset(self) -> int:
        """Where to read on: until it is confirmed, the last record again."""
        return self.size if self.confirmed else max(0, self.size - 1)

    @property
    def pending(self) -> int:
        """How many full tiles are in memory only."""
        return len(self._pending)

    @property
    def rebuilding(self) -> bool:
        """Whether it is not yet where the published checkpoint is."""
        return self._rebuilt is not None

    @property
    def grown(self) -> bool:
        """Whether there is something to publish, or to write."""
        if self.rebuilding or (self.size and not self.confirmed):
            return bool(self._pending)
        published = self.published
        return published is None or not published.ours or self.published_size < self.size

    @property
    def signed_offset(self) -> int | None:
        """The offset of the last record that is signed; None if it need not be read before signing.

        It must be read again after all records that are to be signed: if it is still the same, they
        are of the same ledger.
        """
        if not self.grown or self.rebuilding or not self.published_size:
            return None
        return self.published_size - 1

    def check_signed(self, record: Record) -> None:
        """Check the record at `signed_offset`; raise `LedgerReplacedError` if it is another."""
        if leaf_hash(record.offset, record.key, record.value) != self._signed_leaf:
            raise LedgerReplacedError(
                f"the record at offset {self.signed_offset} is another than the one that was signed"
            )

    def doubt(self) -> None:
        """Require the last record to be read again: the ledger may be another now."""
        self.confirmed = False

    def take(self, records: Sequence[Record]) -> None:
        """Add the next records; raise `LedgerReplacedError` if they do not continue the tree."""
        first, last = records[0].offset, records[-1].offset
        if first != self.next_offset or last - first + 1 != len(records):
            raise LedgerReplacedError(
                f"has records {first} to {last}, {len(records)} of them, instead of all "
                f"from {self.next_offset} on"
            )
        leaves = [leaf_hash(record.offset, record.key, record.value) for record in records]
        if not self.confirmed and self.size:
            if leaves[0] != self._last_leaf:
                if self._missing:
                    self._rebuild()  # it was this part that came from another ledger
                raise LedgerReplacedError(f"the record at offset {first} is another than before")
            del leaves[0]
        if missing := self._missing:
            self._extend(leaves[:missing])
            del leaves[:missing]
            self._compare()
        self._extend(leaves)
        self.confirmed = True
        if not self._missing:
            self.halted = None

    def publish(self) -> None:
        """Write what is new and sign a checkpoint over it; blocks until that is on disk.

        Raises `OSError` when it cannot be written, after which it can be tried again, and
        `StoreDamagedError` when what is on disk does not continue what was signed before.
        """
        written = len(self._pending)
        (self._rebuilt or self._store).write(self._pending)
        del self._pending[:written]
        if self._rebuilt is not None:
            if self._missing:
                return
            self._store.adopt()
            self._rebuilt = None
        if not self.grown:
            return
        self._store.write(self._tree.partials())
        checkpoint = Checkpoint(self._origin, self.size, self._tree.root())
        self._check_continues(checkpoint)
        self._store.write_checkpoint(note_of(checkpoint, self._key))
        self._signed_leaf = self._last_leaf
        self.published = Published(checkpoint, ours=True)

    @property
    def _missing(self) -> int:
        """How many records there are until the published checkpoint; 0 if it is reached."""
        if self._rebuilt is None:
            return 0
        return max(0, self.published_size - self.size)

    def _rebuild(self) -> None:
        self._rebuilt = self._store.rebuilding()
        self._begin(TiledTree(self._keep), b"")

    def _begin(self, tree: TiledTree, last_leaf: bytes) -> None:
        self._pending: list[tuple[Tile, bytes]] = []
        self._tree = tree
        self._last_leaf = last_leaf
        self.confirmed = False

    def _keep(self, tile: Tile, content: bytes) -> None:
        self._pending.append((tile, content))

    def _extend(self, leaves: Sequence[bytes]) -> None:
        if leaves:
            self._tree.extend(leaves)
            self._last_leaf = leaves[-1]

    def _compare(self) -> None:
        """Check a tree that may have just become as large as the published one."""
        if self._missing or self.published is None:
            return
        promised = self.published.checkpoint
        if self._tree.root() != promised.root:
            self._rebuild()
            raise LedgerReplacedError(
                f"its first {promised.size} records are not those of the published checkpoint"
            )
        self._pending += self._tree.partials()

    def _check_continues(self, checkpoint: Checkpoint) -> None:
        """Check, from the tiles on disk, that the tree begins with the one published before."""
        if self.published is None or not self.published.checkpoint.size:
            return
        old = self.published.checkpoint
        proof = consistency_proof(old.size, self.size, nodes_of(self.size, self._store.read))
        if not verify_consistency(old.size, self.size, proof, old.root, checkpoint.root):
            raise StoreDamagedError("the tiles on disk do not continue the published checkpoint")
