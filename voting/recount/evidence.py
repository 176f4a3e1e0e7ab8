"""The evidence of a partition: every record up to the cut, in a form that anybody can recount.

A vote of the poll is shown as it is. Of any other record only the hashes are shown from which the
leaf of the Merkle tree is made. docs/final-result.md describes the format.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import BinaryIO, Final, NamedTuple

HEADER: Final = b"voting-evidence-2\n"
_HIDDEN: Final = b"\x00"
_SHOWN: Final = b"\x01"
_REVEALED: Final = b"\x02"
END: Final = b"\xff"


def hidden(key: bytes | None, value: bytes | None) -> bytes:
    """Return the item of a record that is not a vote of the poll."""
    return _HIDDEN + sha256(key or b"").digest() + sha256(value or b"").digest()


def shown(arrived_at_ms: int, key: bytes, value: bytes) -> bytes:
    """Return the item of a vote of the poll, or of a later copy; rulings go by its time."""
    return _SHOWN + arrived_at_ms.to_bytes(8) + _content(key, value)


def revealed(offset: int, key: bytes, value: bytes) -> bytes:
    """Return the item of a vote in another poll whose id was voted with in this poll later.

    It stands at the end, and shows why the later one does not count.
    """
    return _REVEALED + offset.to_bytes(8) + _content(key, value)


def _content(key: bytes, value: bytes) -> bytes:
    return len(key).to_bytes(2) + key + len(value).to_bytes(4) + value


class InvalidEvidenceError(ValueError):
    """The file is not evidence, or is not all of it."""


class Shown(NamedTuple):
    """A record that is shown; `revealed` if it is a vote in another poll.

    `number` is when it arrived, in Unix milliseconds, or the offset of a revealed one.
    """

    number: int
    key: bytes
    value: bytes
    revealed: bool


def shown_records(file: BinaryIO) -> Iterator[Shown]:
    """Yield the records that are shown, in their order, and then the revealed ones.

    Raises `InvalidEvidenceError`.
    """
    if file.read(len(HEADER)) != HEADER:
        raise InvalidEvidenceError("it does not begin as evidence does")
    while (kind := file.read(1)) != END:
        if kind == _HIDDEN:
            _exactly(file, 64)
        elif kind in {_SHOWN, _REVEALED}:
            number = int.from_bytes(_exactly(file, 8))
            key = _exactly(file, int.from_bytes(_exactly(file, 2)))
            value = _exactly(file, int.from_bytes(_exactly(file, 4)))
            yield Shown(number, key, value, kind == _REVEALED)
        else:
            raise InvalidEvidenceError("it ends early, or is damaged")


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise InvalidEvidenceError("it ends early")
    return data
