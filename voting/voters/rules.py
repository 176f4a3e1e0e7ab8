"""Who may vote in a poll, and how often, as its organisers define it."""

from enum import StrEnum
from typing import Final

import msgspec

VOTES_MAX: Final = 100
WEIGHT_MAX: Final = 1_000
# A token's batch is two bytes; 0 is none.
BATCH_MAX: Final = 0xFFFF


class Way(StrEnum):
    """A way in which svc_voters gives voters their tokens."""

    OPEN = "open"
    CODES = "codes"
    IDENTITY = "identity"


class VoterClass(msgspec.Struct, frozen=True):
    """A class of voters, like a jury: its votes are counted apart.

    `number` is the class in their tokens. `weight` is what all votes of the class together weigh
    in the result, beside those of the other classes.
    """

    name: str
    number: int = 0
    weight: int = 1


AUDIENCE: Final = VoterClass("audience")


class VoterRules(msgspec.Struct, frozen=True, kw_only=True):
    """A vote needs a token of `scope`, made under the master key of the number `key`.

    Polls that share a scope share tokens. A voter has `votes` votes in all or, with `per_entry`,
    one for each entry. Without `ways`, the organisers hand the tokens out.
    """

    scope: str
    key: int
    votes: int = 1
    per_entry: bool = False
    classes: tuple[VoterClass, ...] = (AUDIENCE,)
    ways: tuple[Way, ...] = ()
