"""Heals a tally that is behind the vote log, from sums of the log instead of the ledger.

Up to its position the log has exactly the votes that count, each at the place of its first copy,
and they no longer change. Beyond it there may be votes of a batch in progress, or of one that did
not pass the fence: they are left out. So the sum over the offsets between the two positions is what
the tally lacks, no matter who computes it or how often.
"""

from svc_consumer.counting.fence import pass_fences
from svc_consumer.counting.partition import Partition
from svc_consumer.counting.positions import offset_of, position_at
from svc_consumer.counting.store_protocols import CounterStore, LogStore
from svc_consumer.errors import StaleError
from svc_consumer.metrics import HEALED
from voting.domain.tally import Tally
from voting.stores.log_slices import SliceSum
from voting.stores.logged_vote import Place
from voting.stores.tally_fields import counter_fields
from voting.stores.tally_store import MAX_COUNTERS, MAX_VOTES, TallyMove


class Healer:
    """Brings the tally up to the vote log's position, one slice of the log at a time."""

    def __init__(self, log: LogStore, tally: CounterStore) -> None:
        self._log = log
        self._tally = tally

    async def step(self, partition: Partition) -> None:
        """Add the next slice of the log to the tally of a partition that is behind.

        Raises `StaleError` when a store is not at the expected position.
        """
        found, end = await self._next_slice(partition)
        position = await self._position(partition, found, end)
        stopped = await pass_fences(self._log, {partition: partition.log_position})
        if stopped:
            raise stopped[partition]  # the slice may have been incomplete
        move = TallyMove(partition.number, partition.tally_position, position, found.tally)
        [stored] = await self._tally.advance([move])
        if stored != position:
            raise StaleError(f"the tally is at {stored}, expected {partition.tally_position}")
        partition.tally_position = position
        partition.next_offset = offset_of(position)
        for route, votes in found.tally.votes_by_route().items():
            HEALED.labels(route).inc(votes)

    async def _next_slice(self, partition: Partition) -> tuple[SliceSum, int]:
        """Return the sum of the next slice with votes, and the offset it reaches to."""
        after, last = offset_of(partition.tally_position), offset_of(partition.log_position)
        while True:
            end = min(after + partition.slice_offsets, last)
            found = await self._log.sum_up(partition.number, after, end)
            if _is_too_much(found.tally):
                # More albums and entries than one call of the tally's script can take.
                partition.slice_offsets = max(partition.slice_offsets // 2, MAX_VOTES)
            elif found.last is not None or end == last:
                return found, end
            else:
                after = end  # the slice had no vote that counts

    async def _position(self, partition: Partition, found: SliceSum, end: int) -> str:
        """Return the tally's position after this slice: that of a record, like every position."""
        if found.last is None or end == offset_of(partition.log_position):
            return partition.log_position
        vote_id = await self._log.id_at(Place(partition.number, found.last))
        if vote_id is None:
            raise StaleError("the vote log lost votes during the count")
        return position_at(found.last, vote_id.encode())


def _is_too_much(tally: Tally) -> bool:
    return len(counter_fields(tally)) > MAX_COUNTERS
