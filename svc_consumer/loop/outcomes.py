"""What follows from success and failure: for a partition, for readiness and for the watchdog."""

from typing import Final

from svc_consumer.counting.partition import Partition
from svc_consumer.errors import REJECTED, LedgerReplacedError, server_of
from svc_consumer.loop.assignment import Assignment
from svc_consumer.loop.progress import Progress
from svc_consumer.loop.waiting import Waiting
from voting.stores import tally_store, vote_log
from voting.stores.errors import StoreUnavailableError

STORES: Final = (vote_log.STORE, tally_store.STORE)


class Outcomes:
    """Notes what became of each attempt to get on."""

    def __init__(self, assignment: Assignment, waiting: Waiting, progress: Progress) -> None:
        self._assignment = assignment
        self._waiting = waiting
        self._progress = progress

    def made_progress(self, partition: Partition) -> None:
        """Note that records of a partition were taken in or its tally was healed by a step."""
        if self._assignment.has(partition):
            self._assignment.setbacks.settle(partition)
        self.mark_stores_up()

    def set_back(self, partition: Partition, error: Exception) -> None:
        """Note that a partition failed, and drop it, to be synced again."""
        self.mark_down(error)
        assigned = self._assignment.has(partition)
        self._assignment.drop(partition, error)
        if assigned and not isinstance(error, LedgerReplacedError):
            if server := server_of(error):
                self._assignment.setbacks.note(partition.number, server, partition)
            else:
                self._assignment.setbacks.note_stale(partition)

    def mark_stores_up(self) -> None:
        """Stop waiting for the stores, except for one whose refused writes are still pending."""
        setbacks = self._assignment.setbacks
        self._waiting.up(*(store for store in STORES if not setbacks.waits_for(store)))
        self._progress.note()

    def mark_down(self, error: Exception) -> None:
        """Wait for the server that the error names, if any."""
        server = server_of(error)
        if not server:
            return
        reason = error.reason if isinstance(error, StoreUnavailableError) else str(error)
        self._waiting.down(server, reason)
        setbacks = self._assignment.setbacks
        if server == tally_store.STORE and not setbacks.waits_for(vote_log.STORE):
            self._waiting.up(vote_log.STORE)  # it is written first, so it has answered
        elif server == REJECTED:
            # Both stores were written when the partition was synced.
            self._waiting.up(*(store for store in STORES if not setbacks.waits_for(store)))
