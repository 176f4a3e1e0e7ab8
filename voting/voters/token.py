"""A voter's token: what lets a person vote in the polls of a scope.

docs/voter-tokens.md describes it for those who make tokens elsewhere.

39 bytes, as 52 characters of base64url: version, number of the master key, class of the voter,
fingerprint of the scope (8), nonce (12), and a tag over all of them (16).
"""

import base64
import binascii
from functools import lru_cache
from hashlib import blake2b
from hmac import compare_digest
from typing import Final, NamedTuple

TOKEN_LENGTH: Final = 52
NONCE_BYTES: Final = 12
VERSION: Final = 1

_SIGNED_BYTES: Final = 23
_TAG_BYTES: Final = 16


class InvalidTokenError(ValueError):
    """A text is no token."""


class Token(NamedTuple):
    """A token's parts; nothing says yet that it is genuine."""

    key_number: int
    class_number: int
    scope: bytes
    nonce: bytes
    signed: bytes
    tag: bytes

    def is_genuine(self, tag_key: bytes) -> bool:
        """Whether someone with this key made the token."""
        return compare_digest(self.tag, _tag_of(self.signed, tag_key))


@lru_cache(maxsize=4096)
def fingerprint(scope: str) -> bytes:
    """Return the 8 bytes by which a token names its scope."""
    return blake2b(scope.encode(), digest_size=8, person=b"voting.scope").digest()


def make_token(
    tag_key: bytes, scope: str, nonce: bytes, *, key_number: int, class_number: int = 0
) -> str:
    """Return the token of the voter with this nonce (12 bytes, a different one for each voter)."""
    if len(nonce) != NONCE_BYTES:
        raise ValueError(f"a nonce has {NONCE_BYTES} bytes")
    signed = bytes([VERSION, key_number, class_number]) + fingerprint(scope) + nonce
    return base64.urlsafe_b64encode(signed + _tag_of(signed, tag_key)).decode()


def read_token(text: str) -> Token:
    """Return the parts of a token; raise `InvalidTokenError` if it is none."""
    if len(text) != TOKEN_LENGTH or not text.isascii():
        raise InvalidTokenError
    if "+" in text or "/" in text:
        raise InvalidTokenError  # one token has one text
    try:
        raw = binascii.a2b_base64(text.replace("-", "+").replace("_", "/"), strict_mode=True)
    except binascii.Error as error:
        raise InvalidTokenError from error
    if len(raw) != _SIGNED_BYTES + _TAG_BYTES or raw[0] != VERSION:
        raise InvalidTokenError
    return Token(raw[1], raw[2], raw[3:11], raw[11:23], raw[:23], raw[23:])


def nonce_of(id_key: bytes, identity: str) -> bytes:
    """Return the nonce of a voter who is known by an identity, such as the subject of a login.

    The same identity always has the same nonce, so no list of voters needs to be kept.
    """
    data = identity.encode()
    return blake2b(data, digest_size=NONCE_BYTES, key=id_key, person=b"voting.nonce").digest()


def _tag_of(signed: bytes, tag_key: bytes) -> bytes:
    return blake2b(signed, digest_size=_TAG_BYTES, key=tag_key, person=b"voting.token").digest()
