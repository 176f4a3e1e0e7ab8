"""Organisers and their tokens: a token is a secret, and the service has only its hash."""

import re
import secrets
from collections.abc import Iterable
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from typing import Final, NamedTuple

ORGANISERS_MAX: Final = 100
# Author of the events that no organiser asked for.
OWN_NAME: Final = "svc_polls"

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?", re.ASCII)
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TOKEN_BYTES: Final = 32


class Role(StrEnum):
    """What an organiser may do; each may read."""

    EDITOR = "editor"  # defines and copies polls
    OPERATOR = "operator"  # opens and closes them
    RELEASER = "releaser"  # rules on votes, publishes and shows results


class Organiser(NamedTuple):
    """Who may change polls, known by the SHA-256 of a token, in hexadecimal."""

    name: str
    roles: frozenset[Role]
    token_hash: str

    @property
    def line(self) -> str:
        """The organiser as one item of ORGANISER_TOKENS."""
        return f"{self.name}:{'+'.join(sorted(self.roles))}:{self.token_hash}"


class Organisers:
    """All organisers, found by their tokens."""

    def __init__(self, organisers: Iterable[Organiser] = ()) -> None:
        self._organisers = tuple(organisers)

    def __len__(self) -> int:
        return len(self._organisers)

    def with_token(self, token: str) -> Organiser | None:
        """Return whose token this is; it takes the same time for each token that is nobody's."""
        given = hash_of(token)
        found = None
        for organiser in self._organisers:
            if compare_digest(organiser.token_hash, given):
                found = organiser
        return found


def hash_of(token: str) -> str:
    """Return the SHA-256 of a token, in hexadecimal."""
    return sha256(token.encode(errors="surrogateescape")).hexdigest()


def new_token() -> str:
    """Return a token that nobody can guess: 32 random bytes, as text."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def read_organiser(name: str, roles: str, token_hash: str) -> Organiser:
    """Return an organiser from texts; `ValueError` says which is wrong. Roles are joined by +."""
    if _NAME.fullmatch(name) is None:
        raise ValueError(
            "a name must have 1 to 64 lower-case letters, digits, dots, hyphens or underscores"
        )
    if name == OWN_NAME:
        raise ValueError(f"{OWN_NAME} is the service's own name")
    try:
        found = frozenset(map(Role, roles.split("+")))
    except ValueError as error:
        known = ", ".join(Role)
        raise ValueError(f"the roles of {name} must be some of {known}, joined by +") from error
    if _HASH.fullmatch(token_hash) is None:
        raise ValueError(f"the hash of {name} must be a SHA-256 in lower-case hexadecimal")
    return Organiser(name, found, token_hash)


def read_organisers(text: str) -> Organisers:
    """Return the organisers of ORGANISER_TOKENS: `name:roles:hash`, comma-separated.

    `ValueError` says what is wrong. An organiser may have several tokens; a token has one owner.
    """
    if not text.strip():
        return Organisers()
    found = []
    for item in text.split(","):
        parts = item.strip().split(":")
        if len(parts) != 3:
            raise ValueError("must be name:roles:hash, comma-separated")
        found.append(read_organiser(*parts))
    if len(found) > ORGANISERS_MAX:
        raise ValueError(f"must be at most {ORGANISERS_MAX}")
    if len({organiser.token_hash for organiser in found}) < len(found):
        raise ValueError("the same hash appears twice")
    return Organisers(found)
