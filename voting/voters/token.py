"""A voter's token: what lets a person vote in the polls of a scope.

docs/voter-tokens.md describes it for those who make tokens elsewhere.

39 bytes, as 52 characters of base64url: version, number of the master key, class of the voter,
fingerprint of the scope (8), nonce (12), and a tag over all of them (16). The nonce begins with the
number of the token's batch (2), 0 for none.
"""

import base64
import binascii
import secrets
from binascii import a2b_base64
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from hmac import compare_digest
from typing import Final

TOKEN_LENGTH: Final = 52
BATCH_BYTES: Final = 2
NONCE_BYTES: Final = 12
VERSION: Final = 1

_SCOPE_AT: Final = 3
_HEAD_BYTES: Final = 11
_SIGNED_BYTES: Final = _HEAD_BYTES + NONCE_BYTES
_TAG_BYTES: Final = 16
# The digits of the other alphabet become something that is no digit.
_FROM_BASE64URL: Final = bytes.maketrans(b"-_+/", b"+/!!")


class InvalidTokenError(ValueError):
    """A text is no token, or one that nobody with the key made."""


class OtherScopeError(Exception):
    """A token is for the polls of another scope, or of a class that the poll does not have."""


@lru_cache(maxsize=4096)
def fingerprint(scope: str) -> bytes:
    """Return the 8 bytes by which a token names its scope."""
    return blake2b(scope.encode(), digest_size=8, person=b"voting.scope").digest()


def make_token(
    tag_key: bytes, scope: str, nonce: bytes, *, key_number: int, class_number: int = 0
) -> str:
    """Return the token of the voter with this nonce (12 bytes, a different one for each voter).

    `new_nonce` makes one.
    """
    if len(nonce) != NONCE_BYTES:
        raise ValueError(f"a nonce has {NONCE_BYTES} bytes")
    signed = _head_of(scope, key_number, class_number) + nonce
    tag = _tag_hash(tag_key)
    tag.update(signed)
    return base64.urlsafe_b64encode(signed + tag.digest()).decode()


def new_nonce(batch: int = 0) -> bytes:
    """Return a nonce that nobody can guess, of a batch from 1 to 65535, or of none."""
    return batch.to_bytes(BATCH_BYTES) + secrets.token_bytes(NONCE_BYTES - BATCH_BYTES)


class TokenReader:
    """Checks the tokens of some classes, of one scope and master key, and tells voters apart."""

    __slots__ = ("_classes", "_scope", "_tag")

    def __init__(
        self, tag_key: bytes, scope: str, key_number: int, classes: Iterable[int] = (0,)
    ) -> None:
        """`classes` are the numbers of those that are admitted."""
        self._classes = {_head_of(scope, key_number, number): number for number in classes}
        self._scope = fingerprint(scope)
        self._tag = _tag_hash(tag_key)  # prepared: copying it is cheaper than making another

    def read(self, text: str) -> tuple[int, bytes]:
        """Return the class and the nonce in a token.

        Raises `InvalidTokenError` or `OtherScopeError`.
        """
        raw = _decoded(text)
        head = raw[:_HEAD_BYTES]
        number = self._classes.get(head)
        if number is None and head[_SCOPE_AT:] != self._scope:
            raise OtherScopeError
        tag = self._tag.copy()
        tag.update(raw[:_SIGNED_BYTES])
        if not compare_digest(tag.digest(), raw[_SIGNED_BYTES:]):
            raise InvalidTokenError
        if number is None:  # of another class: we made it
            raise OtherScopeError
        return number, raw[_HEAD_BYTES:_SIGNED_BYTES]


def _decoded(text: str) -> bytes:
    """Return the bytes of a token, of which each has one text; else raise `InvalidTokenError`."""
    if len(text) != TOKEN_LENGTH:
        raise InvalidTokenError
    try:
        raw = a2b_base64(text.encode("ascii").translate(_FROM_BASE64URL), strict_mode=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise InvalidTokenError from error
    if len(raw) != _SIGNED_BYTES + _TAG_BYTES or raw[0] != VERSION:
        raise InvalidTokenError
    return raw


def _head_of(scope: str, key_number: int, class_number: int) -> bytes:
    return bytes([VERSION, key_number, class_number]) + fingerprint(scope)


def _tag_hash(tag_key: bytes) -> blake2b:
    return blake2b(digest_size=_TAG_BYTES, key=tag_key, person=b"voting.token")
