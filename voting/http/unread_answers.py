"""What clients have not read of their answers: bounded for all of them together."""

from typing import Final, Protocol

UNREAD_MAX: Final = 32 << 20  # bytes in a process, beside what the kernel holds


class Reader(Protocol):
    """A connection, seen from here."""

    def abort(self) -> None:
        """Cut it off."""
        ...


class UnreadAnswers:
    """Bytes of answers that wait for their clients, at most `most` of them.

    A connection has one answer on its way, but connections are many and an answer may be large.
    Beyond the bound those who have let theirs wait longest are cut off.
    """

    def __init__(self, most: int = UNREAD_MAX) -> None:
        self._most = most
        self._total = 0
        self._held: dict[Reader, int] = {}  # in the order in which they began to wait

    def hold(self, reader: Reader, size: int) -> None:
        """Note that `size` bytes wait for `reader`."""
        self.release(reader)
        self._held[reader] = size
        self._total += size
        while self._total > self._most:
            slowest = next(iter(self._held))
            self.release(slowest)
            slowest.abort()

    def release(self, reader: Reader) -> None:
        """Note that nothing waits for `reader` any more."""
        self._total -= self._held.pop(reader, 0)
