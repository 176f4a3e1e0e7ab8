"""Which partitions a server keeps from going on, and when each of them is tried again."""

import time
from collections.abc import Callable
from typing import Final

from svc_consumer.counting.partition import Partition
from voting.service.backoff import Backoff

_FIRST_SECONDS: Final = 0.3
_LONGEST_SECONDS: Final = 5.0

# Where a partition is in the vote log and in the tally.
type _Place = tuple[str, str]


class _Setback:
    """One partition that did not go on because of `server`."""

    def __init__(self) -> None:
        self.server = ""
        self.place: _Place | None = None  # where it was when its records could not be taken in
        self.until = 0.0
        self.backoff = Backoff(_FIRST_SECONDS, _LONGEST_SECONDS)


class Setbacks:
    """The partitions that failed because of a server and did not get on since.

    A server that answers reads and refuses writes lets a partition sync and then fail, as fast as
    it answers. So a partition whose *records* could not be taken in is tried again after a pause
    that grows until it has moved: that it was synced proves nothing. Of one that only could not
    be synced it is proof, as to sync is to write to both stores.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._setbacks: dict[int, _Setback] = {}

    def __contains__(self, number: int) -> bool:
        """Whether a partition failed and did not get on since."""
        return number in self._setbacks

    def note(self, number: int, server: str, partition: Partition | None = None) -> None:
        """Put a partition off because of a server; `partition` when it had records to take in."""
        setback = self._setbacks.setdefault(number, _Setback())
        setback.server = server
        if partition is not None:
            setback.place = _place(partition)
        setback.until = self._clock() + setback.backoff.pause()

    def note_wrong(self, partition: Partition) -> None:
        """Note that something about a partition is not as it was believed to be.

        It is tried again at once, as that mends most of it, and after pauses while it does not.
        """
        again = partition.number in self._setbacks
        setback = self._setbacks.setdefault(partition.number, _Setback())
        setback.place = _place(partition)
        setback.until = self._clock() + setback.backoff.pause() if again else 0.0

    def due(self, number: int) -> bool:
        """Whether a partition may be tried now."""
        setback = self._setbacks.get(number)
        return setback is None or self._clock() >= setback.until

    def waits_for(self, server: str) -> bool:
        """Whether a partition did not get on since this server failed it."""
        return any(setback.server == server for setback in self._setbacks.values())

    def settle(self, partition: Partition) -> None:
        """Forget the setback of a partition that is in step, unless it is where it failed."""
        setback = self._setbacks.get(partition.number)
        if setback is not None and setback.place != _place(partition):
            self.forget(partition.number)
            for other in self._setbacks.values():
                if other.server == setback.server:
                    other.until = 0.0  # the server does its work again: do not wait it out

    def forget(self, number: int) -> None:
        """Wait no more because of a partition."""
        self._setbacks.pop(number, None)

    def clear(self) -> None:
        """Forget everything: the partitions are given anew."""
        self._setbacks.clear()


def _place(partition: Partition) -> _Place:
    return partition.log_position, partition.tally_position
