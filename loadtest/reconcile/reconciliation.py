"""Holds the votes that were sent against the vote log, and the log against the tally."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from loadtest.model.answer import Outcome
from loadtest.model.checks import Damage, Reconciliation, TallyDifference
from loadtest.reconcile.cast_votes import CastVote, CastVotes
from voting.domain.tally import EntryTally, PollTally, Tally
from voting.domain.vote import Route
from voting.stores.logged_vote import LoggedVote

_SHOWN: Final = 20  # ids or counters in the report; the counts are complete
_READINGS: Final = 20
_BETWEEN_READINGS_SECONDS: Final = 0.5


class VoteLogReader(Protocol):
    """The part of `VoteLog` that is needed here."""

    async def find(self, ids: Sequence[str]) -> dict[str, LoggedVote]: ...  # noqa: D102
    async def tally(self) -> Tally: ...  # noqa: D102
    async def count(self) -> int: ...  # noqa: D102


class TallyReader(Protocol):
    """The part of `TallyStore` that is needed here."""

    async def read(self) -> Tally: ...  # noqa: D102


async def reconcile(
    cast: CastVotes,
    log: VoteLogReader,
    tallies: TallyReader,
    *,
    votes_before: int,
    others_allowed: bool,
) -> Reconciliation:
    """Return how the stores agree with what was sent.

    `votes_before` is how many votes the log had before the first was sent; `others_allowed` says
    whether other people may have voted meanwhile.
    """
    accepted = await _look_up(cast.chunks(Outcome.ACCEPTED), log)
    refused = await _look_up(cast.chunks(Outcome.REFUSED), log)
    unknown = await _look_up(cast.chunks(Outcome.UNKNOWN), log)
    repeated = cast.repeated_ids()
    logged, tally = await _read_totals(log, tallies)
    differences = list(tally_differences(logged, tally))
    ours = sum(found.present.count for found in (accepted, refused, unknown)) - len(repeated)
    return Reconciliation(
        accepted=cast.count(Outcome.ACCEPTED),
        lost=accepted.missing.damage(),
        altered=Damage(
            accepted.altered.count + unknown.altered.count,
            (accepted.altered.first + unknown.altered.first)[:_SHOWN],
        ),
        repeated=Damage(len(repeated), repeated[:_SHOWN]),
        refused_counted=refused.present.damage(),
        unknown=cast.count(Outcome.UNKNOWN),
        unknown_counted=unknown.present.count,
        unknown_without_id=cast.count_without_id(Outcome.UNKNOWN),
        others=logged.votes - votes_before - ours,
        others_allowed=others_allowed,
        difference_count=len(differences),
        differences=differences[:_SHOWN],
        log_votes=logged.votes,
        tally_votes=tally.votes,
        caught_up_after=None,
    )


def tally_differences(log: Tally, tally: Tally) -> Iterator[TallyDifference]:
    """Return the counters that differ: votes per route, votes and rank sum per album or entry."""
    yield from _route_differences("", log.routes, tally.routes)
    for album in sorted(log.albums.keys() | tally.albums.keys()):
        name = f"{album[0]}: {album[1]} ({album[2]})"
        in_log, in_tally = log.albums.get(album), tally.albums.get(album)
        for counter in ("votes", "rank_sum"):
            counts = getattr(in_log, counter, 0), getattr(in_tally, counter, 0)
            if counts[0] != counts[1]:
                yield TallyDifference(f"{counter.replace('_', ' ')} of {name}", *counts)
    for poll in sorted(log.polls.keys() | tally.polls.keys()):
        yield from _poll_differences(
            poll, log.polls.get(poll, PollTally()), tally.polls.get(poll, PollTally())
        )


def _poll_differences(poll: str, log: PollTally, tally: PollTally) -> Iterator[TallyDifference]:
    where = f" in poll {poll}"
    yield from _route_differences(where, log.routes, tally.routes)
    none = EntryTally(0, 0)
    for entry in sorted(log.entries.keys() | tally.entries.keys()):
        in_log, in_tally = log.entries.get(entry, none), tally.entries.get(entry, none)
        if in_log.votes != in_tally.votes:
            yield TallyDifference(f"votes of {entry}{where}", in_log.votes, in_tally.votes)
        if in_log.rank_sum != in_tally.rank_sum:
            counts = in_log.rank_sum, in_tally.rank_sum
            yield TallyDifference(f"rank sum of {entry}{where}", *counts)


def _route_differences(
    where: str, log: Mapping[Route, int], tally: Mapping[Route, int]
) -> Iterator[TallyDifference]:
    for route in sorted(log.keys() | tally.keys()):
        counts = log.get(route, 0), tally.get(route, 0)
        if counts[0] != counts[1]:
            yield TallyDifference(f"votes by route {route}{where}", *counts)


async def _read_totals(log: VoteLogReader, tallies: TallyReader) -> tuple[Tally, Tally]:
    """Return the totals of log and tally: as soon as they agree, or when they stand still."""
    previous: tuple[Tally, Tally] | None = None
    for _ in range(_READINGS):
        tally = await tallies.read()
        logged = await log.tally()
        if (logged, tally) == previous or not any(tally_differences(logged, tally)):
            break
        previous = logged, tally
        # A vote may be on its way from one to the other.
        await asyncio.sleep(_BETWEEN_READINGS_SECONDS)
    return logged, tally


class _Ids(msgspec.Struct):
    """Counts ids and keeps the first few."""

    count: int = 0
    first: list[str] = []

    def add(self, vote_id: str) -> None:
        self.count += 1
        if len(self.first) < _SHOWN:
            self.first.append(vote_id)

    def damage(self) -> Damage:
        return Damage(self.count, self.first)


class _Found(msgspec.Struct):
    missing: _Ids = msgspec.field(default_factory=_Ids)
    present: _Ids = msgspec.field(default_factory=_Ids)
    altered: _Ids = msgspec.field(default_factory=_Ids)


async def _look_up(chunks: Iterable[list[CastVote]], log: VoteLogReader) -> _Found:
    result = _Found()
    for chunk in chunks:
        logged = await log.find([vote_id for vote_id, _ in chunk])
        for vote_id, vote in chunk:
            if vote_id not in logged:
                result.missing.add(vote_id)
                continue
            result.present.add(vote_id)
            if not vote.is_logged_as(logged[vote_id].vote):
                result.altered.add(vote_id)
    return result
