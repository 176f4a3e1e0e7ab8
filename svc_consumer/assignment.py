"""The partitions of this consumer: which are in step with both stores, and which are halted."""

import logging

from svc_consumer.errors import LedgerReplacedError, StaleError
from svc_consumer.metrics import HALTED, RESYNCS
from svc_consumer.partition import Partition

_log = logging.getLogger(__name__)


class Assignment:
    """What is known of the partitions that the group has given to this consumer."""

    def __init__(self) -> None:
        self.synced: dict[int, Partition] = {}
        self.halted: dict[int, str] = {}

    def clear(self) -> None:
        """Forget everything: the partitions are given anew."""
        self.synced.clear()
        self.halted.clear()
        HALTED.clear()

    def add(self, partition: Partition) -> None:
        """Take in records of a partition from now on."""
        _log.info(
            "partition %d: from offset %d (vote log at %s, tally at %s)",
            partition.number,
            partition.next_offset,
            partition.log_position,
            partition.tally_position,
        )
        self.synced[partition.number] = partition
        HALTED.labels(partition.number).set(0)

    def drop(self, partition: Partition, error: Exception) -> None:
        """Read both positions of a partition again, or halt it, because of an error."""
        if self.synced.get(partition.number) is not partition:
            return  # given away meanwhile
        del self.synced[partition.number]
        RESYNCS.labels(type(error).__name__).inc()
        if isinstance(error, LedgerReplacedError):
            self.halt(partition.number, error)
        elif isinstance(error, StaleError):
            _log.info("partition %d: syncs again: %s", partition.number, error)

    def halt(self, number: int, error: LedgerReplacedError) -> None:
        """Stop a partition until it is given anew: only a human can tell what should count."""
        self.halted[number] = str(error)
        HALTED.labels(number).set(1)
        _log.critical(
            "partition %d is HALTED, nothing of it is counted: %s. The topic is not the one that "
            "was counted. Bring that one back, or empty both stores to count this one; then "
            "restart the consumers",
            number,
            error,
        )
