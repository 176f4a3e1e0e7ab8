"""The secret keys behind voters' tokens: few master keys, and the keys of each scope."""

import base64
import re
import secrets
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

KEYS_MAX: Final = 16
KEY_NUMBER_MAX: Final = 255
_KEY_BYTES: Final = 32
_USES: Final = (b"tag", b"id", b"code", b"nonce")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class InvalidKeysError(ValueError):
    """The text has no valid master keys; the message shows none of them."""


class NoKeyError(LookupError):
    """There is no master key of this number."""


class ScopeKeys(NamedTuple):
    """The keys of one scope, 32 bytes each.

    Whoever has `tag_key` can make tokens of the scope, and of no other. `id_key` makes the ids of
    their votes. `code_key` makes codes, and `nonce_key` the nonces of those to whom svc_voters
    gives tokens. Only the system has the last three.
    """

    tag_key: bytes
    id_key: bytes
    code_key: bytes
    nonce_key: bytes

    def __repr__(self) -> str:
        return "ScopeKeys(secret)"


class MasterKeys:
    """Master keys by their numbers, from which the keys of all scopes are derived."""

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        """`keys` have 32 bytes each."""
        self._keys = dict(keys)
        self.scope_keys = lru_cache(maxsize=4096)(self._scope_keys)
        """Return the keys of a scope, under the master key of a number, or raise `NoKeyError`."""

    def __repr__(self) -> str:
        return f"MasterKeys({sorted(self._keys)})"

    def _scope_keys(self, number: int, scope: str) -> ScopeKeys:
        master = self._keys.get(number)
        if master is None:
            raise NoKeyError(f"there is no key {number}")
        return ScopeKeys(*(_derived(master, scope, b"voting." + use) for use in _USES))


def read_keys(text: str) -> MasterKeys:
    """Return the master keys in a text: `NUMBER:KEY`, comma-separated, each key in base64url.

    Raises `InvalidKeysError`.
    """
    found: dict[int, bytes] = {}
    for item in text.split(",") if text.strip() else []:
        number, _, encoded = item.strip().partition(":")
        if not (_NUMBER.fullmatch(number) and 1 <= int(number) <= KEY_NUMBER_MAX):
            raise InvalidKeysError(
                f"must be NUMBER:KEY, comma-separated, with numbers from 1 to {KEY_NUMBER_MAX}"
            )
        if int(number) in found:
            raise InvalidKeysError(f"key {number} appears twice")
        found[int(number)] = _decoded(encoded, number)
    if len(found) > KEYS_MAX:
        raise InvalidKeysError(f"must be at most {KEYS_MAX} keys")
    return MasterKeys(found)


def new_key(number: int) -> str:
    """Return a new master key that nobody can guess, as an item for `read_keys`."""
    key = base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode().rstrip("=")
    return f"{number}:{key}"


def _decoded(encoded: str, number: str) -> bytes:
    if _KEY.fullmatch(encoded) is None:
        raise InvalidKeysError(f"key {number} must be {_KEY_BYTES} bytes in base64url")
    return base64.urlsafe_b64decode(encoded + "=")


def _derived(master: bytes, scope: str, use: bytes) -> bytes:
    return blake2b(scope.encode(), digest_size=_KEY_BYTES, key=master, person=use).digest()
