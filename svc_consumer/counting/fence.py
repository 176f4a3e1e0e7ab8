"""The fence in the vote log: who passes it is the only one there, and nothing was lost."""

from svc_consumer.counting.partition import Partition
from svc_consumer.counting.store_protocols import LogStore
from svc_consumer.errors import StaleError


async def pass_fence(log: LogStore, partition: Partition, position: str) -> None:
    """Move the log's position on, or only confirm it; the tally may then follow to there.

    Raises `StaleError` when somebody else has claimed the partition, or the log lost something.
    """
    moved = await log.advance(partition.number, partition.owner, partition.log_position, position)
    if not moved:
        raise StaleError(f"the vote log is no longer at {partition.log_position}")
    partition.log_position = position
