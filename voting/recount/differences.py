"""Compares what the ledger's records give with what a store has counted."""

from collections.abc import Collection
from typing import Final

from voting.domain.tally import NO_VOTES, PollTally
from voting.domain.vote import Route

_SHOWN_MAX: Final = 5


def differences(store: str, expected: PollTally, found: PollTally, keys: Collection[str]) -> str:
    """Return in words where a store differs from the ledger; empty if it does not.

    `keys` are the `entry_key`s to compare.
    """
    said = [
        f"{key}: {_words(*expected.entries.get(key, NO_VOTES))} by the ledger, "
        f"{_words(*found.entries.get(key, NO_VOTES))} in the {store}"
        for key in sorted(keys)
        if expected.entries.get(key, NO_VOTES) != found.entries.get(key, NO_VOTES)
    ]
    said += [
        f"route {route}: {expected.routes.get(route, 0)} votes by the ledger, "
        f"{found.routes.get(route, 0)} in the {store}"
        for route in Route
        if expected.routes.get(route, 0) != found.routes.get(route, 0)
    ]
    more = f" and {len(said) - _SHOWN_MAX} more" if len(said) > _SHOWN_MAX else ""
    return "; ".join(said[:_SHOWN_MAX]) + more


def _words(votes: int, rank_sum: int) -> str:
    return f"{votes} votes with a rank sum of {rank_sum}"
