"""The hashes of RFC 9162, section 2.1, and what a leaf is: a record of the ledger."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256().digest()

_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"


def leaf_data(offset: int, key: bytes | None, value: bytes | None) -> bytes:
    """Return the leaf of the record at this offset: 72 bytes, its offset and two hashes."""
    return offset.to_bytes(8) + sha256(key or b"").digest() + sha256(value or b"").digest()


def hash_of_leaf(data: bytes) -> bytes:
    """Return the hash of a leaf with this data."""
    return sha256(_LEAF + data).digest()


def leaf_hash(offset: int, key: bytes | None, value: bytes | None) -> bytes:
    """Return the hash of the leaf of the record at this offset."""
    return sha256(
        _LEAF + offset.to_bytes(8) + sha256(key or b"").digest() + sha256(value or b"").digest()
    ).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node above two others."""
    return sha256(_NODE + left + right).digest()


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root above hashes of one level; their number is a power of two."""
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=True)
        hashes = [sha256(_NODE + left + right).digest() for left, right in pairs]
    return hashes[0]
