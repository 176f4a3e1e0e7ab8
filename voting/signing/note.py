"""Signed notes: a text, a blank line, and a line for each signature (https://c2sp.org/signed-note).

Our texts are canonical JSON and checkpoints of Merkle trees; both end with a line feed.
"""

import base64
import binascii
import re
from typing import Final, NamedTuple

from voting.signing.keys import SigningKey, VerifierKey

SIGNATURES_MAX: Final = 100
_DASH: Final = "\N{EM DASH} "
_LINE: Final = re.compile(_DASH + r"(?P<name>[^\s+]+) (?P<signature>[A-Za-z0-9+/=]+)")
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_KEY_ID_BYTES: Final = 4


class InvalidNoteError(ValueError):
    """The note is not one, or has no valid signature of the key."""


class _Signature(NamedTuple):
    name: str
    key_id: bytes
    signature: bytes


def sign_note(text: str, key: SigningKey) -> bytes:
    """Return the text as a note with the key's signature.

    Raises `InvalidNoteError` unless the text ends with a line feed and has no other control
    character.
    """
    if not text.endswith("\n") or _CONTROL.search(text):
        raise InvalidNoteError("a note ends with a line feed and has no other control character")
    signature = base64.b64encode(key.verifier.key_id + key.sign(text.encode())).decode()
    return f"{text}\n{_DASH}{key.name} {signature}\n".encode()


def open_note(note: bytes, key: VerifierKey) -> str:
    """Return the text of a note that the key has signed.

    Signatures of other keys are ignored. Raises `InvalidNoteError` when there is none of this key,
    or a wrong one.
    """
    text, signatures = _split(note)
    ours = _of(key, signatures)
    if not ours:
        raise InvalidNoteError(f"has no signature of {key.name}+{key.key_id.hex()}")
    if not all(key.verifies(text.encode(), one.signature) for one in ours):
        raise InvalidNoteError(f"has a wrong signature of {key.name}+{key.key_id.hex()}")
    return text


def names_key(note: bytes, key: VerifierKey) -> bool:
    """Whether a note has a signature that is said to be this key's; raise `InvalidNoteError`."""
    return bool(_of(key, _split(note)[1]))


def _of(key: VerifierKey, signatures: list[_Signature]) -> list[_Signature]:
    return [one for one in signatures if one[:2] == (key.name, key.key_id)]


def _split(note: bytes) -> tuple[str, list[_Signature]]:
    try:
        decoded = note.decode()
    except UnicodeDecodeError as error:
        raise InvalidNoteError("is not UTF-8") from error
    text, blank, block = decoded.rpartition("\n\n")
    lines = block.split("\n")
    if not blank or _CONTROL.search(decoded) or lines.pop() or not lines:
        raise InvalidNoteError("is not a text, a blank line and signatures")
    if len(lines) > SIGNATURES_MAX:
        raise InvalidNoteError(f"has more than {SIGNATURES_MAX} signatures")
    return text + "\n", [_read_line(line) for line in lines]


def _read_line(line: str) -> _Signature:
    found = _LINE.fullmatch(line)
    try:
        signature = base64.b64decode(found["signature"], validate=True) if found else b""
    except binascii.Error:
        signature = b""
    if found is None or len(signature) <= _KEY_ID_BYTES:
        raise InvalidNoteError("has a line that is not a signature")
    return _Signature(found["name"], signature[:_KEY_ID_BYTES], signature[_KEY_ID_BYTES:])
