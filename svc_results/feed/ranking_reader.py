"""Reads the ranking out of the tally: slice by slice, and only when something was counted."""

import time
from collections.abc import Callable, Sequence
from itertools import batched
from typing import Final, Protocol

from msgspec.structs import replace

from svc_results.result.ranking import RANKING_MAX, Leaders, Ranking, Standing, position_of
from voting.domain.tally import album_of_key
from voting.stores.tally_reader import STANDINGS_PER_CALL, AlbumsSlice, Pulse, Standings

# The tally rests this many times as long as it took to read the albums, however many there are.
REST_FACTOR: Final = 4
# A correction of the tally may leave its pulse as it was: look again after so many seconds.
LOOK_AGAIN_SECONDS: Final = 30.0


class SlicedTally(Protocol):
    """The tally as `TallyReader` gives it."""

    async def pulse(self) -> Pulse:
        """Return what tells whether votes were counted since the last time."""

    async def albums(self, begin: int) -> AlbumsSlice:
        """Return a slice of the albums' votes."""

    async def standings(self, albums: Sequence[bytes]) -> Standings:
        """Return the counts of some albums."""


class RankingReader:
    """Keeps the ranking, and renews it at most as often as the tally can bear.

    The totals of the routes are those of the moment. The albums are older by the rest that a
    tally with very many of them needs; with fewer than some thousand it does not show. The first
    `STANDINGS_PER_CALL` albums and the totals beside them are of one moment.
    """

    def __init__(
        self,
        tally: SlicedTally,
        *,
        most: int = RANKING_MAX,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tally = tally
        self._most = most
        self._clock = clock
        self._ranking: Ranking | None = None
        self._pulse: Pulse | None = None
        self._rested_at = self._outdated_at = 0.0

    async def read(self) -> Ranking:
        """Return the ranking; raise what the tally raises, `ValueError` for one that is none."""
        pulse = await self._tally.pulse()
        now = self._clock()
        if self._ranking is None or (pulse != self._pulse and now >= self._rested_at):
            return await self._renew(pulse)
        if now >= max(self._outdated_at, self._rested_at):
            return await self._renew(pulse)
        if pulse.routes != self._ranking.routes:
            self._ranking = replace(self._ranking, routes=pulse.routes)
        return self._ranking

    async def _renew(self, pulse: Pulse) -> Ranking:
        start = self._clock()
        leaders = await self._leaders()
        self._ranking = await self._with_counts(leaders)
        # What was counted since the pulse makes the next one differ, so nothing is missed.
        self._pulse = pulse
        now = self._clock()
        self._rested_at = now + REST_FACTOR * (now - start)
        self._outdated_at = now + LOOK_AGAIN_SECONDS
        return self._ranking

    async def _leaders(self) -> Leaders:
        leaders = Leaders(self._most)
        votes, begin = await self._tally.albums(0)
        leaders.add(votes)
        while begin:
            votes, begin = await self._tally.albums(begin)
            leaders.add(votes)
        return leaders

    async def _with_counts(self, leaders: Leaders) -> Ranking:
        """Return the ranking with votes and rank sums that belong together.

        The slices have votes only, and an album's rank sum is not in the same one: counted
        between two calls, an average could be more than any rank.
        """
        keys = leaders.keys()
        first, rest = keys[:STANDINGS_PER_CALL], keys[STANDINGS_PER_CALL:]
        at_first = await self._tally.standings(first)
        standings = _standings(first, at_first)
        for some in batched(rest, STANDINGS_PER_CALL, strict=False):
            standings += _standings(some, await self._tally.standings(some))
        standings.sort(key=position_of)
        return Ranking(at_first.routes, standings, leaders.seen)


def _standings(keys: Sequence[bytes], found: Standings) -> list[Standing]:
    """Return the standings of those of the albums that are still there."""
    standings = []
    for key, counts in zip(keys, found.counts, strict=True):
        if counts is not None:
            album_of_key(key)  # one that cannot be shown is found here, where it is expected
            standings.append(Standing(*counts, key))
    return standings
