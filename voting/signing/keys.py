"""Ed25519 key pairs with a name, in the text forms of C2SP's signed notes and of Go's `note`.

https://c2sp.org/signed-note: a key's id is the beginning of a hash of its name and public key.
"""

import base64
import binascii
import re
from functools import cached_property
from hashlib import sha256
from typing import Final, NamedTuple, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

NAME_RULE: Final = "a key's name must have 1 to 100 characters, no space and no +"
_NAME_MAX: Final = 100
_ED25519: Final = b"\x01"
_KEY_BYTES: Final = 32
_PRIVATE: Final = "PRIVATE+KEY+"
_KEY_ID: Final = re.compile(r"[0-9a-f]{8}", re.ASCII)


class InvalidKeyError(ValueError):
    """The text is not a key; the message shows nothing of it."""


class VerifierKey(NamedTuple):
    """The public half of a key pair. As text: `NAME+ID+KEY`."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes by which signatures name the key."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether the key's owner signed the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{_encoded(self.public)}"


class SigningKey:
    """A key pair. `text` is the secret form `PRIVATE+KEY+NAME+ID+KEY`."""

    def __init__(self, name: str, seed: bytes) -> None:
        """`seed` is the private key of RFC 8032, 32 bytes. Raises `InvalidKeyError`."""
        check_key_name(name)
        self.name = name
        self._seed = seed
        self._private = Ed25519PrivateKey.from_private_bytes(seed)

    @classmethod
    def new(cls, name: str) -> Self:
        """Return a pair that nobody can guess. Raises `InvalidKeyError` for the name."""
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @cached_property
    def verifier(self) -> VerifierKey:
        """The public half."""
        return VerifierKey(self.name, self._private.public_key().public_bytes_raw())

    @property
    def text(self) -> str:
        """The secret text that `read_signing_key` reads."""
        return f"{_PRIVATE}{self.name}+{self.verifier.key_id.hex()}+{_encoded(self._seed)}"

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes; the same message always has the same one."""
        return self._private.sign(message)

    def __repr__(self) -> str:
        return f"SigningKey({self.name})"


def check_key_name(name: str) -> None:
    """Raise `InvalidKeyError` unless a key may have this name."""
    if not 1 <= len(name) <= _NAME_MAX or "+" in name or not name.isprintable() or " " in name:
        raise InvalidKeyError(NAME_RULE)


def read_verifier_key(text: str) -> VerifierKey:
    """Return the public key in `NAME+ID+KEY`; raise `InvalidKeyError`."""
    name, key_id, public = _parts(text)
    key = VerifierKey(name, public)
    if key.key_id != key_id:
        raise InvalidKeyError("the key's id does not fit its name and the key")
    return key


def read_signing_key(text: str) -> SigningKey:
    """Return the key pair in `PRIVATE+KEY+NAME+ID+KEY`; raise `InvalidKeyError`."""
    if not text.startswith(_PRIVATE):
        raise InvalidKeyError(f"must begin with {_PRIVATE}")
    name, key_id, seed = _parts(text.removeprefix(_PRIVATE))
    key = SigningKey(name, seed)
    if key.verifier.key_id != key_id:
        raise InvalidKeyError("the key's id does not fit its name and the key")
    return key


def _parts(text: str) -> tuple[str, bytes, bytes]:
    # The base64 of the key may have a + itself.
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    check_key_name(name)
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error, ValueError:
        key = b""
    if _KEY_ID.fullmatch(key_id) is None or len(key) != 1 + _KEY_BYTES or key[:1] != _ED25519:
        raise InvalidKeyError("must be NAME+ID+KEY with an Ed25519 key in base64")
    return name, bytes.fromhex(key_id), key[1:]


def _encoded(key: bytes) -> str:
    return base64.b64encode(_ED25519 + key).decode()
