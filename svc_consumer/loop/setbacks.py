"""Which partitions are held up by a server, and when each is tried again."""

import time
from collections.abc import Callable
from typing import Final

from svc_consumer.counting.partition import Partition
from voting.service.backoff import Backoff

_FIRST_SECONDS: Final = 0.3
_LONGEST_SECONDS: Final = 5.0

# The positions of a partition in the vote log and in the tally.
type _Place = tuple[str, str]


class _Setback:
    """A partition held up by `server`."""

    def __init__(self) -> None:
        self.server = ""
        self.place: _Place | None = None  # where it was when its records failed
        self.until = 0.0
        self.backoff = Backoff(_FIRST_SECONDS, _LONGEST_SECONDS)


class Setbacks:
    """The partitions that failed because of a server and have not made progress since.

    A store can let a partition sync and still refuse its records, over and over. So a partition
    whose *records* failed is retried after growing pauses until its positions advance; a
    successful sync proves nothing. For a partition that only failed to sync it is proof enough,
    as syncing writes to both stores.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._setbacks: dict[int, _Setback] = {}

    def __contains__(self, number: int) -> bool:
        """Whether a partition failed and has not made progress since."""
        return number in self._setbacks

    def note(self, number: int, server: str, partition: Partition | None = None) -> None:
        """Put a partition off because of a server; pass `partition` if its records failed."""
        setback = self._setbacks.setdefault(number, _Setback())
        setback.server = server
        if partition is not None:
            setback.place = _place(partition)
        setback.until = self._clock() + setback.backoff.pause()

    def note_stale(self, partition: Partition) -> None:
        """Note that a partition was not as expected.

        It is retried at once, which usually helps, and after growing pauses if it does not.
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
        """Whether a partition is still held up by this server."""
        return any(setback.server == server for setback in self._setbacks.values())

    def settle(self, partition: Partition) -> None:
        """Forget the setback of a partition in step, unless it is still where it failed."""
        setback = self._setbacks.get(partition.number)
        if setback is not None and setback.place != _place(partition):
            self.forget(partition.number)
            for other in self._setbacks.values():
                if other.server == setback.server:
                    other.until = 0.0  # the server works again: retry the others at once

    def forget(self, number: int) -> None:
        """Forget the setback of a partition."""
        self._setbacks.pop(number, None)

    def clear(self) -> None:
        """Forget everything: the assignment has changed."""
        self._setbacks.clear()


def _place(partition: Partition) -> _Place:
    return partition.log_position, partition.tally_position
