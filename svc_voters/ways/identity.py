"""Accounts of the organisers' own login: a JSON Web Token says whose it is, its keys check it."""

from typing import Any, Final, NamedTuple

import jwt

from svc_voters.ways.key_set import ALGORITHMS, KeySet

CLASS_CLAIM: Final = "voting_class"
IDENTITY_MAX: Final = 7_000
"""Characters of a token; it must fit into a request."""
# How far the login's clock may be ahead of ours.
LEEWAY_SECONDS: Final = 10

_SUBJECT_MAX: Final = 255  # OpenID Connect Core, section 2


class InvalidIdentityError(ValueError):
    """A text is no valid token of the login; it says why, and quotes nothing."""


class Account(NamedTuple):
    """An account, and the class of voters that the login gave it, if any."""

    subject: str
    voter_class: str | None


class Identities:
    """Checks tokens of one login."""

    def __init__(self, issuer: str, audience: str, keys: KeySet) -> None:
        """`issuer` and `audience` are the claims `iss` and `aud`, which must be as here."""
        self.issuer = issuer
        self._audience = audience
        self._keys = keys

    async def account(self, text: str) -> Account:
        """Return whose token it is; raise `InvalidIdentityError` or `KeysUnavailableError`."""
        key = await self._keys.find(_key_id(text))
        if key is None:
            raise InvalidIdentityError("is signed with a key that the login does not have")
        return _account_of(self._claims(text, key))

    def _claims(self, text: str, key: jwt.PyJWK) -> dict[str, Any]:
        try:
            return jwt.decode(
                text,
                key,
                algorithms=list(ALGORITHMS),
                audience=self._audience,
                issuer=self.issuer,
                leeway=LEEWAY_SECONDS,
                options={
                    "require": ["exp", "iss", "aud", "sub"],
                    "enforce_minimum_key_length": True,
                },
            )
        except jwt.ExpiredSignatureError as error:
            raise InvalidIdentityError("has expired") from error
        except (jwt.InvalidAudienceError, jwt.InvalidIssuerError) as error:
            raise InvalidIdentityError("is for another service, or of another login") from error
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise InvalidIdentityError("is not valid") from error


def _key_id(text: str) -> str | None:
    """Return the id of the key that a token claims to be signed with."""
    try:
        header = jwt.get_unverified_header(text)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise InvalidIdentityError("is not a JSON Web Token") from error
    if header.get("alg") not in ALGORITHMS:
        raise InvalidIdentityError("is signed in a way that is not allowed")
    key_id: str | None = header.get("kid")
    return key_id


def _account_of(claims: dict[str, Any]) -> Account:
    subject, voter_class = claims["sub"], claims.get(CLASS_CLAIM)
    if not 1 <= len(subject) <= _SUBJECT_MAX or not subject.isprintable():
        raise InvalidIdentityError("has no subject that can be used")
    if not isinstance(voter_class, str | None):
        raise InvalidIdentityError(f"has a claim {CLASS_CLAIM} that is no text")
    return Account(subject, voter_class)
