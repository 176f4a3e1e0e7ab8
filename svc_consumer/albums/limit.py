"""Closes the list of albums when the tally has as many as it may, so that routes take no others.

What was acknowledged counts, whatever its album: nothing is rejected here. The list is published
when it is full, with what slipped through since it was last, and never shorter: a tally that is
emptied and heals does not open it again. It opens only when the limit is set higher.
"""

import asyncio
import logging
from typing import Final, Protocol

from svc_consumer.errors import LedgerUnavailableError
from svc_consumer.ledger.reader import LedgerReader
from svc_consumer.metrics import ALBUMS, ALBUMS_LIMIT
from voting.domain.known_albums import LIST_MAX, AlbumList, KnownAlbums, album_hash, grown
from voting.service.backoff import Backoff
from voting.stores.errors import StoreUnavailableError
from voting.stores.tally_reader import AlbumsSlice, Pulse

_log = logging.getLogger(__name__)

_PERIOD_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 30.0
_WATCHED: Final = 0


class AlbumSource(Protocol):
    """The albums of the tally; `voting.stores.tally_reader.TallyReader` gives them."""

    async def pulse(self) -> Pulse:
        """Do as `TallyReader.pulse` does."""
        ...

    async def albums(self, begin: int) -> AlbumsSlice:
        """Do as `TallyReader.albums` does."""
        ...


class ListPublisher(Protocol):
    """Where the list goes."""

    async def publish(self, albums: AlbumList) -> None:
        """Return when Kafka has the list; raise `ListUnavailableError`."""
        ...


class ListReader(Protocol):
    """Tells what was published last."""

    @property
    def current(self) -> bool:
        """Whether the last list is known, or that there is none."""
        ...


class ListUnavailableError(Exception):
    """The list cannot be written now; the same call may succeed later."""


_EXPECTED: Final = (
    LedgerUnavailableError,  # its topic may be away for a moment
    ListUnavailableError,
    StoreUnavailableError,
    ValueError,
)


class AlbumLimit:
    """Counts the albums, about once a second, where the votes' first partition is.

    So of all consumers one does it. `known` is what was published last, by whoever, and `reader`
    what keeps it so.
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
        self._looked_through = -1  # how many fields the tally had then
        self._pauses = Backoff(_PERIOD_SECONDS, _LONGEST_PAUSE_SECONDS)
        self._failing = False
        ALBUMS_LIMIT.set(limit)

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await asyncio.sleep(self._pauses.pause() if self._failing else _PERIOD_SECONDS)
            await self.check()

    async def check(self) -> None:
        """Count, and publish a list if the one that is published does not do any more."""
        try:
            if _WATCHED in self._ledger.assigned and self._reader.current:
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
        # Beside two fields for each album there is one for each route and each partition.
        others = sum(votes > 0 for votes in pulse.routes.values()) + self._ledger.partitions
        albums = max(0, pulse.fields - others) // 2
        ALBUMS.set(albums)
        published = self._known.albums
        if albums >= self._limit:
            if not published.closed or pulse.fields != self._looked_through:
                await self._close(published)
                self._looked_through = pulse.fields
            return
        self._looked_through = -1
        if published.closed and len(published.hashes) < self._limit:
            await self._publisher.publish(published._replace(closed=False))
            _log.warning(
                "fewer albums than the limit of %d: votes may name new albums again", self._limit
            )

    async def _close(self, published: AlbumList) -> None:
        closed = grown(published, await self._look_through())
        if closed == published:
            return
        await self._publisher.publish(closed)
        _log.warning(
            "album limit reached: votes may name only the %d albums on the list", len(closed.hashes)
        )
        if len(closed.hashes) == LIST_MAX:
            _log.error("more albums than the list can hold: some albums get no more votes")

    async def _look_through(self) -> set[int]:
        found: set[int] = set()
        begin = 0
        while True:
            some = await self._tally.albums(begin)
            found.update(map(album_hash, some.votes))
            if not (begin := some.next):
                return found
