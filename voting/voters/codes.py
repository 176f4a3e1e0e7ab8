"""Codes that people type or scan instead of a token: 16 characters, kept in no list.

docs/voter-tokens.md describes them for those who make codes elsewhere.

80 bits as Crockford's base32: class of the voter (4), batch (10), serial in the batch (20), and a
tag over all of them (46). Whoever has a scope's code key can make, check and enumerate its codes.
"""

from base64 import b32encode
from hashlib import blake2b
from hmac import compare_digest
from typing import Final, NamedTuple

from voting.domain.crockford import DIGITS, read_digits
from voting.domain.vote import VOTER_CLASS_MAX

# Of codes; a batch of tokens has two bytes.
CODE_BATCH_MAX: Final = 1023
SERIAL_MAX: Final = 2**20 - 1

_TAG_BITS: Final = 46
_TAG_BYTES: Final = 6
_HEAD_BYTES: Final = 5
_CODE_BYTES: Final = 10
_CODE_DIGITS: Final = 16
_FROM_BASE32: Final = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", DIGITS.encode())


class InvalidCodeError(ValueError):
    """A text is no code, or one that nobody with the key made."""


class Code(NamedTuple):
    """What a code says of its voter."""

    voter_class: int
    batch: int
    serial: int


def make_code(code_key: bytes, *, voter_class: int, batch: int, serial: int) -> str:
    """Return a code as `XXXX-XXXX-XXXX-XXXX`.

    Batches count from 1, and so do the serials of a batch.
    """
    if not (
        0 <= voter_class <= VOTER_CLASS_MAX
        and 1 <= batch <= CODE_BATCH_MAX
        and 1 <= serial <= SERIAL_MAX
    ):
        raise ValueError(f"no code has class {voter_class}, batch {batch} and serial {serial}")
    head = (voter_class << 30 | batch << 20 | serial).to_bytes(_HEAD_BYTES)
    number = int.from_bytes(head) << _TAG_BITS | _tag(code_key, head)
    text = b32encode(number.to_bytes(_CODE_BYTES)).translate(_FROM_BASE32).decode()
    return f"{text[:4]}-{text[4:8]}-{text[8:12]}-{text[12:]}"


def read_code(code_key: bytes, text: str) -> Code:
    """Return what a code says, however it was typed; raise `InvalidCodeError`."""
    number = read_digits(text, _CODE_DIGITS)
    if number is None:
        raise InvalidCodeError
    head = (number >> _TAG_BITS).to_bytes(_HEAD_BYTES)
    tag = number & (1 << _TAG_BITS) - 1
    if not compare_digest(_tag(code_key, head).to_bytes(_TAG_BYTES), tag.to_bytes(_TAG_BYTES)):
        raise InvalidCodeError
    fields = int.from_bytes(head)
    code = Code(fields >> 30, fields >> 20 & CODE_BATCH_MAX, fields & SERIAL_MAX)
    if not (code.batch and code.serial):
        raise InvalidCodeError
    return code


def _tag(code_key: bytes, head: bytes) -> int:
    """Return the first 46 bits of the keyed hash."""
    digest = blake2b(head, digest_size=_TAG_BYTES, key=code_key, person=b"voting.code").digest()
    return int.from_bytes(digest) >> 8 * _TAG_BYTES - _TAG_BITS
