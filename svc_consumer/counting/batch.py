"""A batch: consecutive records of one partition on their way into both stores."""

from collections.abc import Sequence

from svc_consumer.counting.copies import delta
from svc_consumer.counting.partition import Partition
from svc_consumer.counting.positions import offset_of, position_at
from svc_consumer.errors import LedgerReplacedError, StaleError
from svc_consumer.ledger.records import Copy, Record, Rejection, read_records
from voting.domain.tally import Tally


class Batch:
    """The batch of a partition; several of them are taken in together.

    `error` says why it failed, if it did: its partition must then be synced again. The others go on
    without it.
    """

    def __init__(self, partition: Partition, records: Sequence[Record]) -> None:
        self.partition = partition
        self.records = records
        self.position = position_at(records[-1].offset, records[-1].key)
        self.copies: list[Copy] = []
        self.rejections: list[Rejection] = []
        self.winners: list[Copy] = []  # among the copies, as the vote log has found
        self.is_new = False  # whether the log does not have all of it
        self.error: Exception | None = None
        self.traceparent: str | None = None  # of the span of its first sampled vote

    def read(self) -> bool:
        """Check the records, and read those that the log does not have; False if there are none.

        If the partition is `behind`, they are only checked: the tally must heal first.
        """
        partition = self.partition
        try:
            partition.check_batch(self.records)
        except (StaleError, LedgerReplacedError) as error:
            self.error = error
            return False
        if partition.behind:
            return False
        new = [r for r in self.records if r.offset > offset_of(partition.log_position)]
        contents = read_records(new, partition.number, partition.partitions)
        self.copies, self.rejections = contents
        self.is_new = bool(new)
        return self.is_new

    @property
    def is_ahead(self) -> bool:
        """Whether the tally has not got as far as the batch."""
        return offset_of(self.position) > offset_of(self.partition.tally_position)

    def lacking(self) -> Tally:
        """Return the tally of the winners that the tally lacks."""
        return delta(self.winners, offset_of(self.partition.tally_position))

    def end(self) -> None:
        """Note that the partition goes on after this batch, unless it failed or must heal first."""
        if self.error is None and not self.partition.behind:
            self.partition.next_offset = self.records[-1].offset + 1


def going(batches: Sequence[Batch]) -> list[Batch]:
    """Return the batches that have not failed."""
    return [batch for batch in batches if batch.error is None]
