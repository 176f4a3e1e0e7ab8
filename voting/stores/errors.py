"""What the two stores, the Redis tally and the MongoDB vote log, have in common."""

from typing import Final

# The position of a partition of which a store holds nothing yet. Other positions are
# "offset:key" of the last record that the store has taken in.
NO_POSITION: Final = "-1:"


class StoreUnavailableError(Exception):
    """A store does not answer, or refuses to do its work; the same call may succeed later.

    `store` says which one, `reason` what its client library said, cut to one line's length.
    """

    _REASON_CHARACTERS: Final = 200

    def __init__(self, store: str, error: Exception) -> None:
        self.store = store
        self.reason = (str(error) or type(error).__name__)[: self._REASON_CHARACTERS]
        super().__init__(f"{store} is not available: {self.reason}")
