"""The fence in the vote log: only the owner of a partition passes, and only if nothing was lost."""

from collections.abc import Mapping, Sequence

from svc_consumer.counting.partition import Partition
from svc_consumer.counting.store_protocols import LogStore
from svc_consumer.errors import StaleError
from voting.stores.vote_log import LogMove


async def pass_fences(
    log: LogStore, positions: Mapping[Partition, str]
) -> dict[Partition, StaleError]:
    """Advance the log's position of each partition, or confirm it; the tally may then follow.

    Returns the partitions that did not pass, because another consumer has claimed them or the log
    has lost data, each with its error.
    """
    moves = {p: LogMove(p.number, p.owner, p.log_position, to) for p, to in positions.items()}
    passed = await _passed(log, list(moves.values()))
    stopped: dict[Partition, StaleError] = {}
    for partition, move in moves.items():
        if move in passed:
            partition.log_position = move.position
        else:
            stopped[partition] = StaleError(f"the vote log is no longer at {move.expected}")
    return stopped


async def _passed(log: LogStore, moves: Sequence[LogMove]) -> Sequence[LogMove]:
    """Make these moves; return those that were made.

    The log says only how many. When that leaves the answer open, what is stored gives it: nobody
    else writes a partition's new position in the name of this owner.
    """
    made = await log.advance(moves)
    if made in (0, len(moves)):
        return moves if made else ()
    stored = await log.positions([move.partition for move in moves])
    return [
        move
        for move in moves
        if (found := stored.get(move.partition)) is not None
        and (found.position, found.owner) == (move.position, move.owner)
    ]
