"""Pauses between tries: they grow, and differ, so that not all come back at one moment."""

import random
from collections.abc import Callable


class Backoff:
    """Gives the pause before the next try, in seconds.

    The first is at most `first`, each further one at most twice as long, and none longer than
    `longest`. Each is drawn from the upper half of what it may be.
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
        """Return how long to wait before the next try, and let the following one be longer."""
        limit, self._next = self._next, min(2 * self._next, self._longest)
        return limit * (1 + self._chance()) / 2

    def reset(self) -> None:
        """Begin again with the first pause: a try worked."""
        self._next = self._first
