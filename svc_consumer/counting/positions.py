"""Positions: `offset:key` of the last record that a store has taken in.

The key shows whether the topic is still the one that was counted: the record at the position is
read again and its key compared.
"""

import hashlib
from typing import Final

from voting.stores.errors import NO_POSITION

_KEY_MAX: Final = 64


def offset_of(position: str) -> int:
    """Return the offset of a position; -1 for `NO_POSITION`."""
    return int(position.partition(":")[0])


def position_at(offset: int, key: bytes | None) -> str:
    """Return the position of a store that has taken in the record with this offset and key."""
    return f"{offset}:{_printable(key)}"


def seek_offset(*positions: str) -> int:
    """Return the offset to read on from: the lowest position, that record included."""
    return max(0, min(offset_of(position) for position in positions))


def known_records(*positions: str) -> dict[int, str]:
    """Return the positions by the offset of their record; those records must still be the same."""
    return {offset_of(position): position for position in positions if position != NO_POSITION}


def _printable(key: bytes | None) -> str:
    """Return a key as short, printable, unambiguous text: a topic may hold any bytes."""
    if not key:
        return ""
    if len(key) <= _KEY_MAX and key.isascii() and (text := key.decode()).isprintable():
        return text
    return f"sha256-{hashlib.sha256(key).hexdigest()}"
