"""The fence in the vote log: only the owner of a partition passes, and only if nothing was lost."""

from svc_consumer.counting.partition import Partition
from svc_consumer.counting.store_protocols import LogStore
from svc_consumer.errors import StaleError


async def pass_fence(log: LogStore, partition: Partition, position: str) -> None:
    """Advance the log's position, or confirm it; the tally may then follow.

    Raises `StaleError` when another consumer has claimed the partition or the log has lost data.
    """
    moved = await log.advance(partition.number, partition.owner, partition.log_position, position)
    if not moved:
        raise StaleError(f"the vote log is no longer at {partition.log_position}")
    partition.log_position = position
