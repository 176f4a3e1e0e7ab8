"""Bounds the bytes of answers that clients have not read, over all connections together."""

from typing import Final, Protocol

UNREAD_MAX: Final = 32 << 20  # bytes in a process, not counting the kernel's buffers


class SlowClient(Protocol):
    """What the bound needs of a connection."""

    def abort(self) -> None:
        """Cut the connection."""
        ...


class UnreadAnswers:
    """At most `limit` bytes of answers wait for their clients to read them.

    A connection has one answer in progress, but there are many connections and an answer may be
    large. Beyond the bound, the clients that have been slow for longest are cut off.
    """

    def __init__(self, limit: int = UNREAD_MAX) -> None:
        self._limit = limit
        self._total = 0
        self._held: dict[SlowClient, int] = {}  # longest waiting first

    def hold(self, client: SlowClient, size: int) -> None:
        """Note that `size` bytes wait for `client`."""
        self.release(client)
        self._held[client] = size
        self._total += size
        while self._total > self._limit:
            slowest = next(iter(self._held))
            self.release(slowest)
            slowest.abort()

    def release(self, client: SlowClient) -> None:
        """Note that nothing waits for `client` any longer."""
        self._total -= self._held.pop(client, 0)
