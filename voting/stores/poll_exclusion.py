"""What the rulings of a poll take from its votes in the vote log, or one more ruling would.

Votes of a class or of a time are added up by the store, in the spans of time in which the same
rulings reach; votes that rulings name by their ids are looked up.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final, Protocol
from uuid import UUID

from voting.domain.tally import PollTally, entry_key
from voting.domain.vote import Route
from voting.polls.excluded import Excluded, Rulings, exclusion_version, without_zeros
from voting.polls.poll import Poll
from voting.polls.ruling import Between, Ruling, VoteIds, rulings_in_force
from voting.stores.log_slices import SLICE_OFFSETS
from voting.stores.logged_vote import LoggedVote
from voting.stores.poll_result import PollLog, unchanged_before, votes_before_cut
from voting.stores.tally_exclusion import Exclusion, PollStandings

_IDS_PER_CALL: Final = 1_000


class RuledLog(PollLog, Protocol):
    """What is needed of the vote log; `VoteLogReader` has it."""

    async def find(self, ids: Sequence[str]) -> dict[str, LoggedVote]:
        """See `VoteLogReader.find`."""
        ...

    async def sum_up_arrived(
        self, poll: str, partition: int, after: int, upto: int, arrived: tuple[int, int]
    ) -> dict[tuple[str, Route], tuple[int, int]]:
        """See `VoteLogReader.sum_up_arrived`."""
        ...


async def excluded_before(
    log: RuledLog,
    poll: str,
    ends: Sequence[int],
    rulings: Rulings,
    *,
    slice_offsets: int = SLICE_OFFSETS,
) -> Excluded:
    """Return what rulings take from a poll's votes before these offsets, one for each partition.

    Raises `NotFinalYetError`, or `StoreUnavailableError`.
    """

    async def add_up() -> Excluded:
        excluded = Excluded()
        if rulings.others:
            spans = list(_spans(rulings))
            await _take_spans(log, poll, ends, rulings, spans, excluded, slice_offsets)
        await _take_ids(log, poll, ends, rulings, rulings.ids, excluded)
        return without_zeros(excluded)

    return await unchanged_before(log, ends, add_up)


async def taken_besides(
    log: RuledLog,
    poll: str,
    ends: Sequence[int],
    ruling: Ruling,
    others: Sequence[Ruling],
    *,
    slice_offsets: int = SLICE_OFFSETS,
) -> PollTally:
    """Return what a ruling takes that none of the others does: what it would if it came last.

    The same as `excluded_before` has for it then, but only votes that it may reach are read.
    Raises `NotFinalYetError`, or `StoreUnavailableError`.
    """
    rulings = Rulings((*others, ruling))

    async def add_up() -> PollTally:
        excluded = Excluded()
        if isinstance(ruling.selection, VoteIds):
            await _take_ids(log, poll, ends, rulings, ruling.selection, excluded)
        else:
            start, end = _reach(ruling)
            spans = [one for one in _spans(rulings) if start <= one[0] < end]
            await _take_spans(log, poll, ends, rulings, spans, excluded, slice_offsets)
            await _take_ids(log, poll, ends, rulings, rulings.ids, excluded)
        return without_zeros(excluded).by_ruling.get(ruling.number, PollTally())

    return await unchanged_before(log, ends, add_up)


async def final_standings(log: RuledLog, poll: Poll) -> PollStandings:
    """Return what counts for good in a poll that is cut, and what rulings take of it so far.

    Raises `NotFinalYetError`, or `StoreUnavailableError`.
    """
    cut = poll.cut or ()
    counted = await votes_before_cut(log, poll.id, cut)
    excluded = await excluded_before(log, poll.id, cut, Rulings(rulings_in_force(poll.rulings)))
    return PollStandings(counted, Exclusion(exclusion_version(poll), excluded))


async def _take_spans(
    log: RuledLog,
    poll: str,
    ends: Sequence[int],
    rulings: Rulings,
    spans: Sequence[tuple[int, int]],
    excluded: Excluded,
    slice_offsets: int,
) -> None:
    for partition, end in enumerate(ends):
        after = -1
        while (first := await log.next_in_poll(poll, partition, after, end - 1)) is not None:
            after = min(first + slice_offsets, end) - 1
            for span in spans:
                found = await log.sum_up_arrived(poll, partition, first - 1, after, span)
                for (key, route), (votes, rank_sum) in found.items():
                    number = rulings.without_ids(_class_in(key), span[0])
                    if number is not None:
                        excluded.of(number).add(key, votes, rank_sum, route)


async def _take_ids(
    log: RuledLog,
    poll: str,
    ends: Sequence[int],
    rulings: Rulings,
    ids: Iterable[bytes],
    excluded: Excluded,
) -> None:
    """Give each vote with one of these ids to the first ruling that reaches it."""
    named = sorted(ids)
    for start in range(0, len(named), _IDS_PER_CALL):
        some = [str(UUID(bytes=one)) for one in named[start : start + _IDS_PER_CALL]]
        for logged in (await log.find(some)).values():
            vote, (partition, offset) = logged.vote, logged.place
            if vote.poll != poll or offset >= ends[partition]:
                continue
            at_ms = logged.arrived_at_ms
            before = rulings.without_ids(vote.voter_class, at_ms)
            number = rulings.on(UUID(vote.id).bytes, vote.voter_class, at_ms)
            if number != before:
                _move(excluded, before, number, logged)


def _move(excluded: Excluded, before: int | None, after: int | None, logged: LoggedVote) -> None:
    vote = logged.vote
    key = entry_key(vote.entry, vote.voter_class)
    for number, sign in ((before, -1), (after, 1)):
        if number is not None:
            excluded.of(number).add(key, sign, sign * vote.rank, vote.route)


def _spans(rulings: Rulings) -> Iterator[tuple[int, int]]:
    """Yield spans of time, from and until, in which the same rulings reach; one at least does."""
    reaches = [_reach(one) for one in rulings.others]
    bounds = sorted({bound for reach in reaches for bound in reach})
    for from_ms, until_ms in pairwise(bounds):
        if any(start <= from_ms < end for start, end in reaches):
            yield from_ms, until_ms


def _reach(ruling: Ruling) -> tuple[int, int]:
    end = ruling.proposed_at_ms + 1
    if isinstance(ruling.selection, Between):
        return ruling.selection.from_ms, min(ruling.selection.until_ms, end)
    return 0, end


def _class_in(key: str) -> int:
    """Return the class of voters in an `entry_key`."""
    return int(key.partition("@")[2] or 0)
