"""What counts in a poll for good: its votes in the vote log that lie before the poll's cut.

Up to its position the log has exactly what counts, and that no longer changes. So once the position
of each partition has passed the cut, whoever adds up has the same sum.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Protocol

from voting.domain.tally import PollTally, add_poll_tally
from voting.stores.log_slices import SLICE_OFFSETS
from voting.stores.vote_log_reader import StoredPosition

_TRIES: Final = 3


class PollLog(Protocol):
    """What is needed of the vote log; `VoteLogReader` has it."""

    async def positions(self, partitions: Sequence[int]) -> dict[int, StoredPosition]:
        """See `VoteLogReader.positions`."""
        ...

    async def next_in_poll(self, poll: str, partition: int, after: int, upto: int) -> int | None:
        """See `VoteLogReader.next_in_poll`."""
        ...

    async def sum_up_poll(self, poll: str, partition: int, after: int, upto: int) -> PollTally:
        """See `VoteLogReader.sum_up_poll`."""
        ...


class NotFinalYetError(Exception):
    """The vote log has not passed the cut, or was lost meanwhile; the text says which.

    The same call succeeds once svc_consumer has caught up.
    """


async def votes_before_cut(
    log: PollLog, poll: str, cut: Sequence[int], *, slice_offsets: int = SLICE_OFFSETS
) -> PollTally:
    """Return what counts in a poll; `cut` has the first offset behind it of each partition.

    Reads the poll's votes, in slices of so many offsets at most, and nothing else. Raises
    `NotFinalYetError`, or `StoreUnavailableError`.
    """
    spans = {partition: (-1, end - 1) for partition, end in enumerate(cut) if end > 0}
    return await unchanged_before(log, cut, lambda: _sum_up(log, poll, spans, slice_offsets))


async def unchanged_before[T](
    log: PollLog, cut: Sequence[int], read: Callable[[], Awaitable[T]]
) -> T:
    """Return what is read of the log, which had everything before the cut all the time.

    Raises `NotFinalYetError`, or `StoreUnavailableError`.
    """
    ends = {partition: end for partition, end in enumerate(cut) if end > 0}
    for _ in range(_TRIES):
        owners = await _owners(log, ends)
        found = await read()
        # If the log was lost in between, it has other owners by the time it is that far again.
        if owners == await _owners(log, ends):
            return found
    raise NotFinalYetError("the partitions of the vote log keep changing owners")


async def late_votes(
    log: PollLog, poll: str, cut: Sequence[int], *, slice_offsets: int = SLICE_OFFSETS
) -> PollTally:
    """Return the tally of a poll's votes behind its cut: the live tally has them, too.

    No route has accepted them. Raises `StoreUnavailableError`.
    """
    stored = await log.positions(range(len(cut)))
    spans = {partition: (cut[partition] - 1, _offset_of(one)) for partition, one in stored.items()}
    return await _sum_up(log, poll, spans, slice_offsets)


async def _sum_up(
    log: PollLog, poll: str, spans: Mapping[int, tuple[int, int]], slice_offsets: int
) -> PollTally:
    """Return the tally of the votes beyond the first offset of each span, the last included."""
    counted = PollTally()
    for partition, (after, last) in spans.items():
        while (first := await log.next_in_poll(poll, partition, after, last)) is not None:
            after = min(first + slice_offsets - 1, last)
            found = await log.sum_up_poll(poll, partition, first - 1, after)
            add_poll_tally(counted, found)
    return counted


def _offset_of(stored: StoredPosition) -> int:
    """Return the offset of the last record that the log has of a partition; -1 for none."""
    return int(stored.position.partition(":")[0])


async def _owners(log: PollLog, ends: Mapping[int, int]) -> dict[int, str]:
    """Return who owns each partition; raise `NotFinalYetError` unless all have passed the cut."""
    stored = await log.positions(list(ends))
    behind = []
    for partition, end in ends.items():
        last = _offset_of(stored[partition]) if partition in stored else -1
        if (lacking := end - 1 - last) > 0:
            behind.append(f"{lacking} records of partition {partition}")
    if behind:
        raise NotFinalYetError(f"the vote log lacks {', '.join(behind)}")
    return {partition: stored[partition].owner for partition in ends}
