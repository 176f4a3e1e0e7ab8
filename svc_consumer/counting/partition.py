"""What the consumer knows about one assigned partition."""

from collections.abc import Sequence

from svc_consumer.counting.positions import known_records, offset_of, position_at, seek_offset
from svc_consumer.errors import LedgerReplacedError, StaleError
from svc_consumer.ledger.records import Record
from voting.stores.log_slices import SLICE_OFFSETS


class Partition:
    """One assignment of a partition; discarded when it is revoked or turns out to be out of date.

    `owner` is the token with which this consumer may advance the vote log's position.
    """

    def __init__(
        self, number: int, partitions: int, owner: str, log_position: str, tally_position: str
    ) -> None:
        """Begin with the stored positions; `partitions` is how many the topic has."""
        self.number = number
        self.partitions = partitions
        self.owner = owner
        self.log_position = log_position
        self.tally_position = tally_position
        self.next_offset = seek_offset(log_position, tally_position)
        self.end_offset = 0  # of the ledger, as last asked
        self.busy = False  # a batch is being written to the stores
        self.received_at: float | None = None  # when records last arrived
        self.more = False  # whether more records were waiting then
        self.slice_offsets = SLICE_OFFSETS  # how much of the log one step of healing sums up
        self._known_records = known_records(log_position, tally_position)

    @property
    def confirmed(self) -> bool:
        """Whether the records at the stored positions have been read again and match."""
        return not self._known_records

    @property
    def behind(self) -> bool:
        """Whether the tally is behind the log."""
        return offset_of(self.tally_position) < offset_of(self.log_position)

    @property
    def heals(self) -> bool:
        """Whether the tally can be healed from the log now.

        Not until the record at the tally's position has been read again: the tally may have counted
        another topic than the log.
        """
        return self.behind and offset_of(self.tally_position) not in self._known_records

    @property
    def lag(self) -> int:
        """How many records are not in both stores yet, as of the last known end offset."""
        return max(0, self.end_offset - self.next_offset)

    def recheck(self) -> bool:
        """Require the records at the stored positions to be read again; False if there are none."""
        self._known_records = known_records(self.log_position, self.tally_position)
        self.next_offset = seek_offset(self.log_position, self.tally_position)
        return bool(self._known_records)

    def check_batch(self, records: Sequence[Record]) -> None:
        """Check that the records continue exactly where the stores ended, in the same ledger.

        Raises `StaleError` when they begin elsewhere, and `LedgerReplacedError` when some are
        missing or differ from those that the stores took in.
        """
        first, last = records[0].offset, records[-1].offset
        if first != self.next_offset:
            raise StaleError(f"records start at offset {first}, expected {self.next_offset}")
        if last - first + 1 != len(records):
            raise LedgerReplacedError(f"records are missing between offsets {first} and {last}")
        for offset, position in list(self._known_records.items()):
            if first <= offset <= last:
                found = position_at(offset, records[offset - first].key)
                if found != position:
                    raise LedgerReplacedError(f"the record at {position} is now {found}")
                del self._known_records[offset]
