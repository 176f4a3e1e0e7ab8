from collections.abc import Iterable

import pytest

from svc_consumer.albums.limit import AlbumLimit, ListUnavailableError
from svc_consumer.metrics import ALBUMS, ALBUMS_LIMIT
from svc_consumer.testing.fakes import PARTITIONS, FakeLedger
from voting.domain.known_albums import AlbumList, KnownAlbums, album_hash
from voting.domain.tally import album_key
from voting.domain.vote import Route
from voting.stores.errors import StoreUnavailableError
from voting.stores.tally_reader import AlbumsSlice, Pulse

LIMIT = 3
SLICE = 2


def hashes(names: Iterable[str]) -> frozenset[int]:
    return frozenset(album_hash(album_key("Somebody", name, 2000)) for name in names)


class FakeTally:
    """A tally with albums, read in slices."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.down = False
        self.slices = 0

    async def pulse(self) -> Pulse:
        if self.down:
            raise StoreUnavailableError("Redis", OSError("refused"))
        fields = 2 * len(self.names) + 1 + PARTITIONS  # votes came over one route
        return Pulse({Route.HTTP: len(self.names), Route.GRPC: 0}, fields)

    async def albums(self, begin: int) -> AlbumsSlice:
        self.slices += 1
        names = self.names[begin : begin + SLICE]
        end = begin + SLICE
        votes = {album_key("Somebody", name, 2000): 1 for name in names}
        return AlbumsSlice(votes, end if end < len(self.names) else 0)


class FakeTopic:
    """The topic of the list, and its reader."""

    def __init__(self, known: KnownAlbums) -> None:
        self.known = known
        self.current = True
        self.down = False
        self.published: list[AlbumList] = []

    async def publish(self, albums: AlbumList) -> None:
        if self.down:
            raise ListUnavailableError("refused")
        self.published.append(albums)
        self.known.take(albums)


class Trial:
    """The limit between a tally and a topic in memory."""

    def __init__(self) -> None:
        self.known = KnownAlbums()
        self.tally, self.topic, self.ledger = FakeTally(), FakeTopic(self.known), FakeLedger()
        self.ledger.give(0, 1)
        self.limit = self.limited_to(LIMIT)

    def limited_to(self, limit: int) -> AlbumLimit:
        return AlbumLimit(self.ledger, self.tally, self.known, self.topic, self.topic, limit)

    async def list_for(self, names: str) -> frozenset[int] | None:
        """Fill the tally with these albums; return the list that routes then follow."""
        self.tally.names = list(names)
        await self.limit.check()
        return self.known.listed


@pytest.fixture
def trial() -> Trial:
    return Trial()


async def test_nothing_is_listed_below_the_limit(trial: Trial) -> None:
    assert await trial.list_for("ab") is None
    assert trial.topic.published == []
    assert trial.tally.slices == 0
    assert (ALBUMS._value.get(), ALBUMS_LIMIT._value.get()) == (2, LIMIT)


async def test_at_the_limit_all_albums_are_listed_once(trial: Trial) -> None:
    assert await trial.list_for("abc") == hashes("abc")
    slices = trial.tally.slices
    assert await trial.list_for("abc") == hashes("abc")
    assert len(trial.topic.published) == 1
    assert trial.tally.slices == slices


async def test_an_album_that_slips_through_is_listed_too(trial: Trial) -> None:
    await trial.list_for("abc")
    assert await trial.list_for("abcde") == hashes("abcde")


async def test_a_tally_that_was_emptied_and_heals_does_not_open_the_list(trial: Trial) -> None:
    await trial.list_for("abcd")
    for names in ("", "a", "abc", "", "xyz"):
        listed = await trial.list_for(names)
        assert listed is not None
        assert hashes("abcd") <= listed
    assert trial.known.listed == hashes("abcdxyz")


async def test_a_new_consumer_adds_to_the_list_that_another_published(trial: Trial) -> None:
    trial.known.take(AlbumList(hashes("xyz"), closed=True))
    assert await trial.list_for("ab") == hashes("xyz")
    assert await trial.list_for("abc") == hashes("abcxyz")


async def test_nothing_is_published_before_the_last_list_was_read(trial: Trial) -> None:
    trial.topic.current = False
    assert await trial.list_for("abc") is None
    trial.topic.current = True
    assert await trial.list_for("abc") == hashes("abc")


async def test_only_the_consumer_with_the_first_partition_counts_albums(trial: Trial) -> None:
    trial.ledger.give(1, 2)
    assert await trial.list_for("abc") is None
    assert ALBUMS._value.get() == 0


async def test_a_higher_limit_opens_the_list_again(trial: Trial) -> None:
    await trial.list_for("abc")
    trial.limit = trial.limited_to(5)
    assert await trial.list_for("abc") is None
    assert await trial.list_for("abcde") == hashes("abcde")


async def test_an_outage_is_retried_and_logged_once(
    trial: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    trial.topic.down = True
    for _ in range(3):
        assert await trial.list_for("abc") is None
    assert len(caplog.messages) == 1
    trial.topic.down, trial.tally.down = False, True
    assert await trial.list_for("abc") is None
    trial.tally.down, trial.ledger.gone = False, True
    assert await trial.list_for("abc") is None
    assert len(caplog.messages) == 1
    trial.ledger.gone = False
    assert await trial.list_for("abc") == hashes("abc")
