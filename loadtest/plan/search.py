"""The search for the highest rate that still passes."""

from typing import Final

_STEP: Final = 1.5  # times the rate, until one fails
_PRECISE: Final = 1.12  # times the passing rate: a failing one this close ends the search
_TRIES: Final = 2  # a busy moment of the machine is not the route's limit
_LOWEST: Final = 1.0


class Search:
    """Chooses the next rate to try. `passed` and `failed` are the bounds found so far."""

    def __init__(self, start: float, highest: float) -> None:
        self._rate = start
        self._highest = highest
        self._failures = 0
        self.passed: float | None = None
        self.failed: float | None = None

    def next(self) -> float | None:
        """Return the rate to try, None when the limit is known or out of reach."""
        if self.failed is None:
            return None if self.passed == self._highest else self._rate
        if self.passed is None:
            return None if self.failed <= _LOWEST else self._rate
        return None if self.failed <= _PRECISE * self.passed else self._rate

    def note(self, *, passed: bool) -> None:
        """Record whether the rate passed; it fails only when it did not pass twice."""
        if passed:
            self.passed = self._rate
        else:
            self._failures += 1
            if self._failures < _TRIES:
                return
            self.failed = self._rate
        self._failures = 0
        self._rate = self._next_rate()

    def _next_rate(self) -> float:
        if self.passed is None:
            return max(_LOWEST, self._rate / _STEP)
        if self.failed is None:
            return min(self._highest, self._rate * _STEP)
        return float((self.passed * self.failed) ** 0.5)
