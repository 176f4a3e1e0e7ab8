"""A tree that only grows, in a few hundred bytes."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from voting.merkle.hashes import EMPTY_ROOT, node_hash


class Frontier:
    """The roots of the perfect subtrees at the tree's right edge, the largest first.

    There is one for each bit of the size that is set. Size and hashes are all there is to store.
    """

    __slots__ = ("hashes", "size")

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        if len(hashes) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} perfect subtrees")
        self.size = size
        self.hashes = list(hashes)

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add the hashes of the next leaves."""
        size, hashes = self.size, self.hashes
        for leaf in leaves:
            subtree, level = leaf, size
            while level & 1:
                subtree = sha256(b"\x01" + hashes.pop() + subtree).digest()
                level >>= 1
            hashes.append(subtree)
            size += 1
        self.size = size

    def root(self) -> bytes:
        """Return the root of the tree."""
        if not self.hashes:
            return EMPTY_ROOT
        *others, root = self.hashes
        for subtree in reversed(others):
            root = node_hash(subtree, root)
        return root
