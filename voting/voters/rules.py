"""Who may vote in a poll, and how often, as its organisers define it."""

from typing import Final

import msgspec

VOTES_MAX: Final = 100


class VoterRules(msgspec.Struct, frozen=True, kw_only=True):
    """A vote needs a token of `scope`, made under the master key of the number `key`.

    Polls that share a scope share tokens. A voter has `votes` votes in all or, with `per_entry`,
    one for each entry.
    """

    scope: str
    key: int
    votes: int = 1
    per_entry: bool = False
