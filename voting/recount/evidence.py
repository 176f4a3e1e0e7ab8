"""The evidence of a partition: every record up to the cut, in a form that anybody can recount.

A vote of the poll is shown as it is. Of any other record only the hashes are shown from which the
leaf of the Merkle tree is made. docs/final-result.md describes the format.
"""

from hashlib import sha256
from typing import Final

HEADER: Final = b"voting-evidence-1\n"
_HIDDEN: Final = b"\x00"
_SHOWN: Final = b"\x01"
_REVEALED: Final = b"\x02"
END: Final = b"\xff"


def hidden(key: bytes | None, value: bytes | None) -> bytes:
    """Return the item of a record that is not a vote of the poll."""
    return _HIDDEN + sha256(key or b"").digest() + sha256(value or b"").digest()


def shown(key: bytes, value: bytes) -> bytes:
    """Return the item of a vote of the poll, or of a later copy."""
    return _SHOWN + _content(key, value)


def revealed(offset: int, key: bytes, value: bytes) -> bytes:
    """Return the item of a vote in another poll whose id was voted with in this poll later.

    It stands at the end, and shows why the later one does not count.
    """
    return _REVEALED + offset.to_bytes(8) + _content(key, value)


def _content(key: bytes, value: bytes) -> bytes:
    return len(key).to_bytes(2) + key + len(value).to_bytes(4) + value
