"""What counts in a poll for good: its votes in the vote log that lie before the poll's cut.

Up to its position the log has exactly what counts, and that no longer changes. So once the position
of each partition has passed the cut, whoever adds up has the same sum.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from voting.domain.tally import PollTally, add_poll_tally
from voting.stores import log_slices
from voting.stores.errors import NO_POSITION
from voting.stores.vote_log_reader import VoteLogReader

_TRIES: Final = 3


class NotFinalYetError(Exception):
    """The vote log has not passed the cut, or was lost meanwhile; the text says which.

    The same call succeeds once svc_consumer has caught up.
    """


async def votes_before_cut(log: VoteLogReader, poll: str, cut: Sequence[int]) -> PollTally:
    """Return what counts in a poll; `cut` has the first offset behind it of each partition.

    Reads the poll's votes, slice by slice, and nothing else. Raises `NotFinalYetError`, or
    `StoreUnavailableError`.
    """
    ends = {partition: end for partition, end in enumerate(cut) if end > 0}
    for _ in range(_TRIES):
        owners = await _owners(log, ends)
        counted = PollTally()
        for partition, end in ends.items():
            await _add_partition(counted, log, poll, partition, end - 1)
        # If the log was lost in between, it has other owners by the time it is that far again.
        if owners == await _owners(log, ends):
            return counted
    raise NotFinalYetError("the partitions of the vote log keep changing owners")


async def _add_partition(
    counted: PollTally, log: VoteLogReader, poll: str, partition: int, last: int
) -> None:
    """Add a poll's votes of a partition up to an offset."""
    after = -1
    while (first := await log.next_in_poll(poll, partition, after, last)) is not None:
        upto = min(first + log_slices.SLICE_OFFSETS - 1, last)
        add_poll_tally(counted, await log.sum_up_poll(poll, partition, first - 1, upto))
        after = upto


async def _owners(log: VoteLogReader, ends: Mapping[int, int]) -> dict[int, str]:
    """Return who owns each partition; raise `NotFinalYetError` unless all have passed the cut."""
    stored = await log.positions(list(ends))
    behind = []
    for partition, end in ends.items():
        position = stored[partition].position if partition in stored else NO_POSITION
        if (lacking := end - 1 - int(position.partition(":")[0])) > 0:
            behind.append(f"{lacking} records of partition {partition}")
    if behind:
        raise NotFinalYetError(f"the vote log lacks {', '.join(behind)}")
    return {partition: stored[partition].owner for partition in ends}
