"""Proofs of RFC 9162, and how anybody checks them.

A proof is made from hashes of perfect subtrees: `node(level, index)` returns the root above the
leaves from `index << level` up to, but not including, `(index + 1) << level`.
"""

from collections.abc import Callable, Sequence

from voting.merkle.hashes import EMPTY_ROOT, node_hash

type Node = Callable[[int, int], bytes]


def tree_root(size: int, node: Node) -> bytes:
    """Return the root of the tree of the first `size` leaves."""
    return _subtree(0, size, node) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, node: Node) -> list[bytes]:
    """Return the proof that a leaf is in the tree of the first `size` (section 2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has none with index {index}")
    proof: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            proof.append(_subtree(middle, end, node))
            end = middle
        else:
            proof.append(_subtree(begin, middle, node))
            begin = middle
    return proof[::-1]


def consistency_proof(old: int, new: int, node: Node) -> list[bytes]:
    """Return the proof that a tree begins with an older one, of 1 to `new` leaves (2.1.4.1)."""
    if not 0 < old <= new:
        raise ValueError(f"a tree of {new} leaves does not begin with one of {old}")
    proof: list[bytes] = []
    begin, end = 0, new
    while end > old:
        middle = begin + _split(end - begin)
        if old <= middle:
            proof.append(_subtree(middle, end, node))
            end = middle
        else:
            proof.append(_subtree(begin, middle, node))
            begin = middle
    if begin:
        proof.append(_subtree(begin, end, node))
    return proof[::-1]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether `proof` shows that the leaf with this hash has this index (section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last = index, size - 1
    found = leaf
    for sibling in proof:
        if not last:
            return False
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            found = node_hash(found, sibling)
        place >>= 1
        last >>= 1
    return last == 0 and found == root


def verify_consistency(
    old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> bool:
    """Whether `proof` shows that the newer tree begins with the older one (section 2.1.4.2)."""
    if old == new or not old:
        expected = new_root if old else EMPTY_ROOT
        return not proof and old_root == expected
    if not 0 < old < new:
        return False
    path = list(proof)
    if not old & (old - 1):
        path.insert(0, old_root)
    if not path:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place >>= 1
        last >>= 1
    older = newer = path[0]
    for sibling in path[1:]:
        if not last:
            return False
        if place & 1 or place == last:
            older = node_hash(sibling, older)
            newer = node_hash(sibling, newer)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            newer = node_hash(newer, sibling)
        place >>= 1
        last >>= 1
    return last == 0 and older == old_root and newer == new_root


def _split(size: int) -> int:
    """Return the largest power of two below `size`, which is 2 or more."""
    return 1 << (size - 1).bit_length() - 1


def _subtree(begin: int, end: int, node: Node) -> bytes:
    """Return the root above the leaves from `begin` up to, but not including, `end`."""
    size = end - begin
    if not size & (size - 1):
        level = size.bit_length() - 1
        return node(level, begin >> level)
    middle = begin + _split(size)
    return node_hash(_subtree(begin, middle, node), _subtree(middle, end, node))
