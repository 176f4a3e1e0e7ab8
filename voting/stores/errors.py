"""What the two stores have in common: the empty position, and their error."""

from typing import Final

# The position of a partition from which a store has taken nothing. Other positions are `offset:key`
# of the last record that the store has taken in.
NO_POSITION: Final = "-1:"


class StoreUnavailableError(Exception):
    """A store does not answer or refuses the call; the same call may succeed later.

    `store` names it; `reason` is the client library's error, cut to the length of a line.
    """

    _REASON_CHARACTERS: Final = 200

    def __init__(self, store: str, error: Exception) -> None:
        self.store = store
        self.reason = (str(error) or type(error).__name__)[: self._REASON_CHARACTERS]
        super().__init__(f"{store} is not available: {self.reason}")
