"""RFC 9162 word for word: recursive, slow, and nothing in common with what it checks."""

from collections.abc import Sequence
from hashlib import sha256

from voting.merkle.proofs import Node


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """Return MTH of section 2.1.1, over hashes of leaves."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = _k(len(leaves))
    return sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_inclusion(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return PATH of section 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = _k(len(leaves))
    if index < k:
        return [*naive_inclusion(index, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_inclusion(index - k, leaves[k:]), naive_root(leaves[:k])]


def naive_consistency(old: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return PROOF of section 2.1.4.1."""
    return _subproof(old, leaves, whole=True)


def naive_nodes(leaves: Sequence[bytes]) -> Node:
    """Return the perfect subtrees above these leaves."""
    return lambda level, index: naive_root(leaves[index << level : (index + 1) << level])


def _subproof(old: int, leaves: Sequence[bytes], *, whole: bool) -> list[bytes]:
    if old == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = _k(len(leaves))
    if old <= k:
        return [*_subproof(old, leaves[:k], whole=whole), naive_root(leaves[k:])]
    return [*_subproof(old - k, leaves[k:], whole=False), naive_root(leaves[:k])]


def _k(size: int) -> int:
    k = 1
    while k * 2 < size:
        k *= 2
    return k
