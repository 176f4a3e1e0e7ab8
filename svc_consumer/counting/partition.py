"""What the consumer believes about one assigned partition."""

from collections.abc import Sequence

from svc_consumer.counting.positions import known_records, offset_of, position_at, seek_offset
from svc_consumer.errors import LedgerReplacedError, StaleError
from svc_consumer.ledger.records import Record
from voting.stores.log_slices import SLICE_OFFSETS


class Partition:
    """One assignment of a partition; thrown away when it is revoked or a belief proves wrong.

    `owner` is the token under which the vote log lets this consumer move the position on.
    """

    def __init__(
        self, number: int, partitions: int, owner: str, log_position: str, tally_position: str
    ) -> None:
        """`partitions` is how many there are, `number` which one this is."""
        self.number = number
        self.partitions = partitions
        self.owner = owner
        self.log_position = log_position
        self.tally_position = tally_position
        self.next_offset = seek_offset(log_position, tally_position)
        self.end_offset = 0  # of the ledger, as last asked
        self.busy = False  # a batch is on its way into the stores
        self.heard_at: float | None = None  # when records came last
        self.more = False  # there were further records then, which are fetched at once
        self.slice_offsets = SLICE_OFFSETS  # how much of the log heals the tally at once
        self._known_records = known_records(log_position, tally_position)

    @property
    def confirmed(self) -> bool:
        """Whether the records at the stored positions were read again and are the same."""
        return not self._known_records

    @property
    def behind(self) -> bool:
        """Whether the tally lacks what the log has."""
        return offset_of(self.tally_position) < offset_of(self.log_position)

    @property
    def heals(self) -> bool:
        """Whether the log can give the tally what it lacks now.

        Not before the record at the tally's position was read again: it may have counted another
        topic than the log has.
        """
        return self.behind and offset_of(self.tally_position) not in self._known_records

    @property
    def lag(self) -> int:
        """How many records are not in both stores yet, as far as is known."""
        return max(0, self.end_offset - self.next_offset)

    def look_back(self) -> bool:
        """Expect the records at the stored positions once more; False when there are none."""
        self._known_records = known_records(self.log_position, self.tally_position)
        self.next_offset = seek_offset(self.log_position, self.tally_position)
        return bool(self._known_records)

    def check_batch(self, records: Sequence[Record]) -> None:
        """Check that records go on exactly where the stores ended, in the ledger they know.

        Raises `StaleError` when they begin elsewhere, and `LedgerReplacedError` when records are
        missing among them or are not those that the stores took in.
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
