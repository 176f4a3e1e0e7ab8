"""The secret by which a browser is known, in a cookie that only svc_voters sees and makes."""

import base64
import binascii
import secrets
from collections.abc import Iterable
from hashlib import blake2b
from hmac import compare_digest
from typing import Final

from voting.voters.rules import VoterRules

SECRET_BYTES: Final = 16
COOKIE_PATH: Final = "/voters"
# What browsers keep a cookie for at most (RFC 6265bis): 400 days.
COOKIE_SECONDS: Final = 34_560_000

_TAG_BYTES: Final = 16
_TEXT_LENGTH: Final = 43


def new_secret() -> bytes:
    """Return a secret that nobody can guess."""
    return secrets.token_bytes(SECRET_BYTES)


def cookie_name(rules: VoterRules) -> str:
    """Return the name of the cookie for the polls of a scope.

    With the key's number in it, polls of the scope under another key do not replace it.
    """
    return f"voter_{rules.key}_{rules.scope}"


def cookie_value(nonce_key: bytes, secret: bytes) -> str:
    """Return a secret as the value of a cookie, with a tag, so that nobody else can make one."""
    return base64.urlsafe_b64encode(secret + _tag(nonce_key, secret)).decode().rstrip("=")


def set_cookie(rules: VoterRules, value: str, *, secure: bool) -> str:
    """Return a `Set-Cookie` header."""
    flags = "; Secure" if secure else ""
    return (
        f"{cookie_name(rules)}={value}; Path={COOKIE_PATH}; Max-Age={COOKIE_SECONDS}; "
        f"HttpOnly; SameSite=Strict{flags}"
    )


def known_secret(nonce_key: bytes, values: Iterable[str]) -> bytes | None:
    """Return the secret in the first of these cookies that we made; None if there is none."""
    for value in values:
        secret = _secret_in(nonce_key, value)
        if secret is not None:
            return secret
    return None


def _secret_in(nonce_key: bytes, value: str) -> bytes | None:
    if len(value) != _TEXT_LENGTH or not value.isascii():
        return None
    try:
        raw = base64.b64decode(value + "=", altchars=b"-_", validate=True)
    except binascii.Error:
        return None
    secret, tag = raw[:SECRET_BYTES], raw[SECRET_BYTES:]
    return secret if compare_digest(tag, _tag(nonce_key, secret)) else None


def _tag(nonce_key: bytes, secret: bytes) -> bytes:
    return blake2b(secret, digest_size=_TAG_BYTES, key=nonce_key, person=b"voting.cookie").digest()
