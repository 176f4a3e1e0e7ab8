"""The partitions of this consumer: which are in step with both stores, and which are halted."""

import logging
import time
from collections.abc import Callable
from typing import Final

from svc_consumer.counting.partition import Partition
from svc_consumer.errors import LedgerReplacedError, RejectedUnavailableError, StaleError
from svc_consumer.loop.setbacks import Setbacks
from svc_consumer.metrics import HALTED, RESYNCS
from voting.stores.errors import StoreUnavailableError

for _cause in (
    LedgerReplacedError,
    RejectedUnavailableError,
    StaleError,
    StoreUnavailableError,
    TimeoutError,
):
    RESYNCS.labels(_cause.__name__)  # exported from the start, so that the first one is an increase

_log = logging.getLogger(__name__)

_HALT_SECONDS: Final = 60
_SILENCE_SECONDS: Final = 0.5
_SLOW_BATCH_SECONDS: Final = 10.0


class Assignment:
    """What is known about the partitions that the group has assigned to this consumer.

    A halted partition is checked again every minute, in case an operator has repaired it. The alarm
    stays on until its records are again those that were counted.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.synced: dict[int, Partition] = {}
        self.setbacks = Setbacks()
        self._halted_until: dict[int, float] = {}
        self._dropped_at: dict[int, int] = {}  # next offsets of dropped partitions
        self._clock = clock

    @property
    def reached(self) -> dict[int, int]:
        """The last known next offset of each partition that has been in step."""
        return self._dropped_at | {n: p.next_offset for n, p in self.synced.items()}

    def has(self, partition: Partition) -> bool:
        """Whether this is still the current assignment of the partition."""
        return self.synced.get(partition.number) is partition

    def clear(self) -> None:
        """Forget everything: the assignment has changed."""
        self.synced.clear()
        self._halted_until.clear()
        self._dropped_at.clear()
        self.setbacks.clear()
        HALTED.clear()

    def halted(self, number: int) -> bool:
        """Whether a partition is halted for now."""
        return self._clock() < self._halted_until.get(number, 0)

    def add(self, partition: Partition) -> None:
        """Start taking in the records of a partition."""
        again = partition.number in self.setbacks
        _log.log(
            logging.DEBUG if again else logging.INFO,
            "partition %d: starting at offset %d (vote log at %s, tally at %s)",
            partition.number,
            partition.next_offset,
            partition.log_position,
            partition.tally_position,
        )
        self.synced[partition.number] = partition
        self.setbacks.settle(partition)
        if partition.number not in self._halted_until:
            HALTED.labels(partition.number).set(0)
        self.confirm(partition)

    def confirm(self, partition: Partition) -> None:
        """End the alarm of a partition whose records are again those that were counted."""
        if partition.confirmed:
            if self._halted_until.pop(partition.number, None) is not None:
                _log.warning(
                    "partition %d: counting again",
                    partition.number,
                    extra={"partition": partition.number},
                )
            HALTED.labels(partition.number).set(0)

    def resumed_after_silence(self, partition: Partition, *, more: bool) -> bool:
        """Note that records arrived; return whether none had for a while.

        A while is long enough for the topic to be replaced: Kafka's clients would go on at the same
        offset of the new topic. With `more`, further records are fetched while these are taken
        in, so a slow batch is not a silence; a very slow one is, as Kafka may have been away.
        """
        silent = self.is_silent(partition)
        partition.received_at, partition.more = self._clock(), more
        return silent

    def is_silent(self, partition: Partition, ahead_seconds: float = 0.0) -> bool:
        """Whether no records have arrived for a while, or have not in so many seconds."""
        now, before = self._clock() + ahead_seconds, partition.received_at
        limit = _SLOW_BATCH_SECONDS if partition.more else _SILENCE_SECONDS
        return before is not None and now - before > limit

    def drop(self, partition: Partition, error: Exception) -> None:
        """Drop a partition after an error, to sync it again; halt it if its topic was replaced."""
        again = partition.number in self.setbacks
        if not self.has(partition):
            return  # reassigned in the meantime
        del self.synced[partition.number]
        self._dropped_at[partition.number] = partition.next_offset
        RESYNCS.labels(type(error).__name__).inc()
        if isinstance(error, LedgerReplacedError):
            self.halt(partition.number, error)
        elif not isinstance(error, StoreUnavailableError | RejectedUnavailableError):
            level = logging.DEBUG if again else logging.INFO
            _log.log(
                level,
                "partition %d: syncing again: %s",
                partition.number,
                error,
                extra={"partition": partition.number},
            )

    def halt(self, number: int, error: LedgerReplacedError) -> None:
        """Halt a partition: only an operator can decide what should count."""
        self._halted_until[number] = self._clock() + _HALT_SECONDS
        self.setbacks.forget(number)
        HALTED.labels(number).set(1)
        _log.critical(
            "partition %d is HALTED and its votes are not counted: %s. This is not the topic that "
            "was counted before. Restore that topic, or, to count this one, empty the vote log and "
            "then the tally. The partition is checked again every minute",
            number,
            error,
            extra={"partition": number},
        )
