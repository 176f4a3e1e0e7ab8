"""A voter's token: what lets a person vote in the polls of a scope.

docs/voter-tokens.md describes it for those who make tokens elsewhere.

39 bytes, as 52 characters of base64url: version, number of the master key, class of the voter,
fingerprint of the scope (8), nonce (12), and a tag over all of them (16).
"""

import base64
import binascii
from binascii import a2b_base64
from functools import lru_cache
from hashlib import blake2b
from hmac import compare_digest
from typing import Final

TOKEN_LENGTH: Final = 52
NONCE_BYTES: Final = 12
VERSION: Final = 1

_SCOPE_AT: Final = 3
_HEAD_BYTES: Final = 11
_SIGNED_BYTES: Final = _HEAD_BYTES + NONCE_BYTES
_TAG_BYTES: Final = 16
_CLASS: Final = 0  # of all voters


class InvalidTokenError(ValueError):
    """A text is no token, or one that nobody with the key made."""


class OtherScopeError(Exception):
    """A token is for the polls of another scope."""


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
    signed = _head_of(scope, key_number, class_number) + nonce
    tag = _tag_hash(tag_key)
    tag.update(signed)
    return base64.urlsafe_b64encode(signed + tag.digest()).decode()


class TokenReader:
    """Checks the tokens of one scope and master key, and gives what tells their voters apart."""

    __slots__ = ("_head", "_tag")

    def __init__(self, tag_key: bytes, scope: str, key_number: int) -> None:
        self._head = _head_of(scope, key_number, _CLASS)
        self._tag = _tag_hash(tag_key)  # prepared: copying it is cheaper than making another

    def nonce(self, text: str) -> bytes:
        """Return the nonce in a token; raise `InvalidTokenError` or `OtherScopeError`."""
        raw = _decoded(text)
        head = raw[:_HEAD_BYTES]
        if head != self._head:
            if head[_SCOPE_AT:] != self._head[_SCOPE_AT:]:
                raise OtherScopeError
            raise InvalidTokenError
        tag = self._tag.copy()
        tag.update(raw[:_SIGNED_BYTES])
        if not compare_digest(tag.digest(), raw[_SIGNED_BYTES:]):
            raise InvalidTokenError
        return raw[_HEAD_BYTES:_SIGNED_BYTES]


def _decoded(text: str) -> bytes:
    """Return the bytes of a token, of which each has one text; else raise `InvalidTokenError`."""
    if len(text) != TOKEN_LENGTH or not text.isascii() or "+" in text or "/" in text:
        raise InvalidTokenError
    try:
        raw = a2b_base64(text.replace("-", "+").replace("_", "/"), strict_mode=True)
    except binascii.Error as error:
        raise InvalidTokenError from error
    if len(raw) != _SIGNED_BYTES + _TAG_BYTES or raw[0] != VERSION:
        raise InvalidTokenError
    return raw


def _head_of(scope: str, key_number: int, class_number: int) -> bytes:
    return bytes([VERSION, key_number, class_number]) + fingerprint(scope)


def _tag_hash(tag_key: bytes) -> blake2b:
    return blake2b(digest_size=_TAG_BYTES, key=tag_key, person=b"voting.token")
