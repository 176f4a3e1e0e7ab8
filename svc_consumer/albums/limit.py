"""Closes the list of albums once the tally reaches the limit, so that routes accept no others.

Every acknowledged vote counts, even for an album that is not on the list: nothing is rejected here.
The list is published when the limit is reached, and again with each album that slips through. It
never shrinks, so a tally that is emptied and heals does not open it; only a higher limit does.
"""

import asyncio
import logging
from typing import Final, Protocol

from svc_consumer.ledger.reader import LedgerReader
from svc_consumer.metrics import ALBUMS, ALBUMS_LIMIT
from voting.domain.known_albums import LIST_MAX, AlbumList, KnownAlbums, album_hash, grown
from voting.ledger.errors import LedgerUnavailableError
from voting.service.backoff import Backoff
from voting.stores.errors import StoreUnavailableError
from voting.stores.tally_reader import AlbumsSlice, Pulse

_log = logging.getLogger(__name__)

_PERIOD_SECONDS: Final = 1.0
_IDLE_PERIODS: Final = 5  # without records for this consumer, there are few for the others
_LONGEST_PAUSE_SECONDS: Final = 30.0
_FIRST_PARTITION: Final = 0


class AlbumSource(Protocol):
    """Where the albums come from: `voting.stores.tally_reader.TallyReader`."""

    async def pulse(self) -> Pulse:
        """See `TallyReader.pulse`."""
        ...

    async def albums(self, begin: int) -> AlbumsSlice:
        """See `TallyReader.albums`."""
        ...


class ListPublisher(Protocol):
    """Where the list is published."""

    async def publish(self, albums: AlbumList) -> None:
        """Return when Kafka has the list; raise `ListUnavailableError`."""
        ...


class ListReader(Protocol):
    """Follows what was published last."""

    @property
    def current(self) -> bool:
        """Whether the last list, or its absence, is known."""
        ...


class ListUnavailableError(Exception):
    """The list cannot be written now; the same call may succeed later."""


_EXPECTED: Final = (
    LedgerUnavailableError,  # the topic may be missing for a moment
    ListUnavailableError,
    StoreUnavailableError,
    ValueError,
)


class AlbumLimit:
    """Counts the albums about once a second while there are votes, and publishes the list.

    Only the consumer that has the first partition of the ledger does so. `known` is the list that
    was published last, by any consumer; `reader` keeps it up to date.
    """

    def __init__(
        self,
        ledger: LedgerReader,
        tally: AlbumSource,
        known: KnownAlbums,
        reader: ListReader,
        publisher: ListPublisher,
        limit: int,
    ) -> None:
        self._ledger = ledger
        self._tally = tally
        self._known = known
        self._reader = reader
        self._publisher = publisher
        self._limit = limit
        self._fields_when_listed = -1  # how many fields the tally had when the list was made
        self._pauses = Backoff(_PERIOD_SECONDS, _LONGEST_PAUSE_SECONDS)
        self._failing = False
        ALBUMS_LIMIT.set(limit)

    async def run(self) -> None:
        """Watch until cancelled."""
        found, idle = 0, 0
        while True:
            await asyncio.sleep(self._pauses.pause() if self._failing else _PERIOD_SECONDS)
            before, found = found, self._ledger.polls.found
            idle = idle + 1 if found == before else 0
            if idle < 2 or idle % _IDLE_PERIODS == 0:  # the last ones may be counted only now
                await self.check()

    async def check(self) -> None:
        """Count the albums, and publish a new list if the last one is out of date."""
        try:
            if _FIRST_PARTITION in self._ledger.assigned and self._reader.current:
                await self._check()
            else:
                ALBUMS.set(0)
        except _EXPECTED as error:
            level = logging.DEBUG if self._failing else logging.WARNING
            _log.log(level, "cannot update the list of albums: %s", error)
            self._failing = True
        else:
            self._failing = False
            self._pauses.reset()

    async def _check(self) -> None:
        pulse = await self._tally.pulse()
        # Besides two fields per album, the tally has one per route and one per partition.
        others = sum(votes > 0 for votes in pulse.routes.values()) + self._ledger.partitions
        albums = max(0, pulse.fields - others) // 2
        ALBUMS.set(albums)
        published = self._known.albums
        if albums >= self._limit:
            if not published.closed or pulse.fields != self._fields_when_listed:
                await self._close(published)
                self._fields_when_listed = pulse.fields
            return
        self._fields_when_listed = -1
        if published.closed and len(published.hashes) < self._limit:
            await self._publisher.publish(published._replace(closed=False))
            _log.warning(
                "fewer albums than the limit of %d: votes may name new albums again", self._limit
            )

    async def _close(self, published: AlbumList) -> None:
        closed = grown(published, await self._album_hashes())
        if closed == published:
            return
        await self._publisher.publish(closed)
        _log.warning(
            "album limit reached: votes may name only the %d albums on the list", len(closed.hashes)
        )
        if len(closed.hashes) == LIST_MAX:
            _log.error("more albums than the list can hold: some albums get no more votes")

    async def _album_hashes(self) -> set[int]:
        found: set[int] = set()
        begin = 0
        while True:
            part = await self._tally.albums(begin)
            found.update(map(album_hash, part.votes))
            if not (begin := part.next):
                return found
