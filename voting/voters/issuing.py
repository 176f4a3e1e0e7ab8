"""The tokens that svc_voters hands out: the same browser, code or account always gets the same one.

A token's nonce is its batch and a keyed hash of who gets it, so nothing is stored, and each replica
makes the same token.
"""

from enum import StrEnum
from hashlib import blake2b
from typing import Final

from voting.voters.codes import Code
from voting.voters.keys import ScopeKeys
from voting.voters.rules import VoterRules
from voting.voters.token import BATCH_BYTES, NONCE_BYTES, make_token

_LENGTH_BYTES: Final = 4


class IssuingProblem(StrEnum):
    """Why nobody gets a token, as the `type` of the problem."""

    WAY_NOT_OFFERED = "urn:voting:problem:way-not-offered"
    PROOF_INVALID = "urn:voting:problem:proof-invalid"
    CODE_INVALID = "urn:voting:problem:code-invalid"
    IDENTITY_INVALID = "urn:voting:problem:identity-invalid"


class Issuer:
    """Makes the tokens for the polls of one scope, under one master key."""

    def __init__(self, rules: VoterRules, keys: ScopeKeys) -> None:
        self._rules = rules
        self._keys = keys

    def for_browser(self, secret: bytes) -> str:
        """Return the token of the browser with this secret; its class is 0."""
        return self._token(0, 0, b"browser", secret)

    def for_code(self, code: Code) -> str:
        """Return the token of whoever has a code, which was checked."""
        serial = code.serial.to_bytes(_LENGTH_BYTES)
        return self._token(code.voter_class, code.batch, b"code", serial)

    def for_account(self, issuer: str, subject: str, class_number: int) -> str:
        """Return the token of an account, which is known by both texts of its login."""
        return self._token(class_number, 0, b"account", issuer.encode(), subject.encode())

    def _token(self, class_number: int, batch: int, *who: bytes) -> str:
        head = batch.to_bytes(BATCH_BYTES)
        # With their lengths, no two lists of texts are hashed from the same bytes.
        told_apart = b"".join(len(part).to_bytes(_LENGTH_BYTES) + part for part in who)
        hashed = blake2b(
            bytes([class_number]) + head + told_apart,
            digest_size=NONCE_BYTES - BATCH_BYTES,
            key=self._keys.nonce_key,
            person=b"voting.voter",
        )
        return make_token(
            self._keys.tag_key,
            self._rules.scope,
            head + hashed.digest(),
            key_number=self._rules.key,
            class_number=class_number,
        )
