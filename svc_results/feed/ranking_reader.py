"""Reads the ranking from the tally: slice by slice, and only after new votes were counted."""

import time
from collections.abc import Callable, Sequence
from itertools import batched
from typing import Final, Protocol

from msgspec.structs import replace

from svc_results.result.ranking import RANKING_MAX, Leaders, Ranking, Standing, position_of
from voting.domain.tally import album_of_key
from voting.stores.tally_reader import STANDINGS_PER_CALL, AlbumsSlice, Pulse, Standings

# After a reading of the albums, the tally rests this many times as long as the reading took.
REST_FACTOR: Final = 4
# A correction of the tally may leave its pulse unchanged, so it is read again after this long.
LOOK_AGAIN_SECONDS: Final = 30.0


class SlicedTally(Protocol):
    """The tally as `TallyReader` reads it."""

    async def pulse(self) -> Pulse:
        """Return a value that changes whenever votes are counted."""

    async def albums(self, begin: int) -> AlbumsSlice:
        """Return a slice of the albums' votes."""

    async def standings(self, albums: Sequence[bytes]) -> Standings:
        """Return the counts of these albums."""


class RankingReader:
    """Keeps the ranking and renews it no more often than the tally can bear.

    The routes' totals are always current. The albums lag by the pause between two readings, which
    is unnoticeable below a few thousand albums. The first `STANDINGS_PER_CALL` albums and the
    totals shown with them are from the same moment.

    Names of albums are read only when the tally has more or fewer fields than at the last reading,
    as reading them passes the fields of all polls: a vote for a known album does not pay for that.
    """

    def __init__(
        self,
        tally: SlicedTally,
        *,
        limit: int = RANKING_MAX,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tally = tally
        self._limit = limit
        self._clock = clock
        self._ranking: Ranking | None = None
        self._pulse: Pulse | None = None
        self._complete_at = -1  # fields of the tally when every album's name was read
        self._rested_at = self._outdated_at = 0.0

    async def read(self) -> Ranking:
        """Return the ranking; raise the tally's errors, or `ValueError` if it is unreadable."""
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
        known = self._known_albums(pulse, start)
        if known is None:
            leaders = await self._leaders()
            self._ranking = await self._with_counts(leaders.keys(), leaders.seen)
            complete = leaders.seen <= self._limit
            self._outdated_at = self._clock() + LOOK_AGAIN_SECONDS
        else:
            self._ranking = await self._with_counts(known, len(known))
            complete = len(self._ranking.standings) == len(known)
        self._complete_at = pulse.fields if complete else -1
        # Votes counted since this pulse change the next one, so none is missed.
        self._pulse = pulse
        now = self._clock()
        self._rested_at = now + REST_FACTOR * (now - start)
        return self._ranking

    def _known_albums(self, pulse: Pulse, now: float) -> list[bytes] | None:
        """Return the albums of the tally, best first; None if they must be read."""
        if self._ranking is None or pulse.fields != self._complete_at or now >= self._outdated_at:
            return None
        return [standing.key for standing in self._ranking.standings]

    async def _leaders(self) -> Leaders:
        leaders = Leaders(self._limit)
        votes, begin = await self._tally.albums(0)
        leaders.add(votes)
        while begin:
            votes, begin = await self._tally.albums(begin)
            leaders.add(votes)
        return leaders

    async def _with_counts(self, keys: Sequence[bytes], album_count: int) -> Ranking:
        """Return the ranking with votes and rank sums that belong together.

        The slices give only votes, as an album's rank sum may be in another slice: with votes
        counted between the two calls, an average could exceed every rank.
        """
        first, rest = keys[:STANDINGS_PER_CALL], keys[STANDINGS_PER_CALL:]
        at_first = await self._tally.standings(first)
        standings = _standings(first, at_first)
        for batch in batched(rest, STANDINGS_PER_CALL, strict=False):
            standings += _standings(batch, await self._tally.standings(batch))
        standings.sort(key=position_of)
        return Ranking(at_first.routes, standings, album_count)


def _standings(keys: Sequence[bytes], found: Standings) -> list[Standing]:
    """Return the standings of the albums that still exist."""
    standings = []
    for key, counts in zip(keys, found.counts, strict=True):
        if counts is not None:
            album_of_key(key)  # an unreadable key raises here, where errors are expected
            standings.append(Standing(*counts, key))
    return standings
