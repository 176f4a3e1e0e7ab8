"""Proof of work for the way `open`: ALTCHA's challenges (version 2), signed, so none is stored."""

import base64
import binascii
import secrets
from hashlib import blake2b
from typing import Annotated, Final

import altcha
import msgspec
from msgspec import Meta

from svc_voters.ways.browser import SECRET_BYTES

CHALLENGE_SECONDS: Final = 1_200
"""For how long a challenge can be answered."""
PROOF_MAX: Final = 2_048
"""Characters of an answer; ours have about 700."""

_ALGORITHM: Final = "SHA-256"
_COST: Final = 1

Hex = Annotated[str, Meta(pattern=r"\A[0-9a-f]{2,64}\Z")]


class ChallengeParameters(msgspec.Struct, frozen=True, rename="camel"):
    """What to look for: a `counter` from 0, whose hash begins with `keyPrefix`.

    The hash is that of `salt`, `nonce` and the counter in 4 bytes, the most significant first.
    """

    algorithm: str
    cost: int
    expires_at: Annotated[int, Meta(description="Unix time in seconds.")]
    key_length: int
    key_prefix: Hex
    nonce: Hex
    salt: Hex


class Challenge(msgspec.Struct, frozen=True):
    """A challenge of ALTCHA's proof of work, version 2."""

    parameters: ChallengeParameters
    signature: Hex


class Solution(msgspec.Struct, frozen=True, rename="camel"):
    """The counter that was looked for, and the hash that it gives."""

    counter: Annotated[int, Meta(ge=0, le=0xFFFFFFFF)]
    derived_key: Hex


class Proof(msgspec.Struct, frozen=True):
    """A challenge with its solution; sent as JSON in base64."""

    challenge: Challenge
    solution: Solution


class InvalidProofError(ValueError):
    """A text proves no work for this scope; it says what is wrong, and quotes nothing."""


def new_challenge(nonce_key: bytes, most_hashes: int, now_ms: int) -> Challenge:
    """Return a challenge that takes 1 to `most_hashes` hashes, each number equally likely."""
    made = altcha.create_challenge(
        _ALGORITHM,
        _COST,
        counter=secrets.randbelow(most_hashes),
        expires_at=now_ms // 1000 + CHALLENGE_SECONDS,
        hmac_secret=_signing_key(nonce_key),
    )
    return msgspec.convert(made.to_dict(), Challenge)


def browser_secret(nonce_key: bytes, text: str) -> bytes:
    """Return the secret of the browser that proved its work; raise `InvalidProofError`.

    It follows from the challenge: who sends an answer twice, wherever, is the same browser.
    """
    proof = _read(text)
    parameters = proof.challenge.parameters
    result = altcha.verify_solution(
        altcha.Payload(
            altcha.Challenge(
                altcha.ChallengeParameters(**msgspec.structs.asdict(parameters)),
                proof.challenge.signature,
            ),
            altcha.Solution(proof.solution.counter, proof.solution.derived_key),
        ),
        _signing_key(nonce_key),
    )
    if result.expired:
        raise InvalidProofError("has expired")
    if not result.verified:
        raise InvalidProofError("is not valid")
    return blake2b(
        bytes.fromhex(parameters.nonce + parameters.salt),
        digest_size=SECRET_BYTES,
        key=nonce_key,
        person=b"voting.browser",
    ).digest()


def _read(text: str) -> Proof:
    try:
        return msgspec.json.decode(base64.b64decode(text, validate=True), type=Proof)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise InvalidProofError("is not an answer to a challenge") from error


def _signing_key(nonce_key: bytes) -> bytes:
    return blake2b(digest_size=32, key=nonce_key, person=b"voting.proof").digest()
