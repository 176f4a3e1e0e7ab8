"""Growing pauses between retries, with jitter so that clients do not all retry at once."""

import random
from collections.abc import Callable


class Backoff:
    """Exponential backoff with jitter: the pause before each retry, in seconds.

    The limit starts at `first` and doubles up to `longest`; each pause is drawn from the upper
    half of its limit.
    """

    def __init__(
        self, first: float, longest: float, chance: Callable[[], float] = random.random
    ) -> None:
        """`chance` returns a number from 0 to 1."""
        self._first = first
        self._longest = longest
        self._chance = chance
        self._next = first

    def pause(self) -> float:
        """Return the pause before the next retry, and double the limit for the one after."""
        limit, self._next = self._next, min(2 * self._next, self._longest)
        return limit * (1 + self._chance()) / 2

    def reset(self) -> None:
        """Start again with the first pause, after a success."""
        self._next = self._first
