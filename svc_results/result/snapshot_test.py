import msgspec

from svc_results.result.cover import COVERS
from svc_results.result.ranking import ranking_of
from svc_results.result.rates import RateMeter
from svc_results.result.snapshot import (
    NEWEST_VOTES,
    TALLY_AWAY,
    TOP_ALBUMS,
    Snapshot,
    Unavailable,
    shows_the_same,
    take_snapshot,
)
from svc_results.testing.fakes import fake_vote
from voting.domain.tally import AlbumTally, Tally, tally_of
from voting.domain.vote import Route

VOTES = [fake_vote(n, rank=10 * n) for n in range(1, 4)]


def snapshot_of(unavailable: Unavailable | None = None) -> Snapshot:
    rates = RateMeter()
    rates.add(1, {})
    rates.add(2, {Route.GRPC: 1, Route.HTTP: 2})
    newest = VOTES[::-1]
    return take_snapshot(
        "now",
        ranking_of(tally_of(logged.vote for logged in VOTES)),
        rates,
        newest,
        unavailable or Unavailable(),
    )


def test_a_snapshot_holds_the_whole_result() -> None:
    snapshot = snapshot_of()
    assert snapshot.total == 3
    assert snapshot.album_count == 1
    album = snapshot.albums[0]
    assert (album.votes, album.rank_sum, album.average_rank) == (3, 60, 20)
    assert snapshot.routes[Route.GRPC].votes == 1
    assert snapshot.routes[Route.HTTP].votes_per_second == 2
    assert snapshot.routes[Route.HTTP].history == [2]
    assert [vote.rank for vote in snapshot.newest.votes] == [30, 20, 10]
    assert snapshot.newest.votes[0].cast_at == "2025-11-24T16:00:00.003Z"


def test_albums_are_in_order_of_votes_and_names_decide_a_tie() -> None:
    albums = [
        AlbumTally("B", "x", 1990, 7, 70),
        AlbumTally("C", "x", 1990, 9, 10),
        AlbumTally("A", "y", 1990, 7, 70),
        AlbumTally("A", "x", 1991, 7, 70),
        AlbumTally("A", "x", 1990, 7, 70),
    ]
    tally = Tally({(a.name, a.album, a.year): a for a in albums})
    snapshot = take_snapshot("now", ranking_of(tally), RateMeter(), (), Unavailable())
    order = [(a.name, a.album, a.year) for a in snapshot.albums]
    assert order == [
        ("C", "x", 1990),
        ("A", "x", 1990),
        ("A", "x", 1991),
        ("A", "y", 1990),
        ("B", "x", 1990),
    ]


def test_a_snapshot_stays_small_however_many_albums_there_are() -> None:
    long = "\U0001d11e" * 200
    albums = [AlbumTally(long, f"{long[:-5]}{i:05}", 2000, 10**9, 10**11) for i in range(10_000)]
    tally = Tally({(a.name, a.album, a.year): a for a in albums})
    newest = [fake_vote(i, name=long, album=long) for i in range(NEWEST_VOTES)]
    snapshot = take_snapshot("now", ranking_of(tally), RateMeter(), newest, Unavailable())
    assert snapshot.album_count == 10_000
    assert len(snapshot.albums) == TOP_ALBUMS
    assert len(msgspec.json.encode(snapshot)) < 220_000


def test_an_album_always_has_the_same_cover() -> None:
    covers = {snapshot_of().albums[0].cover, snapshot_of().newest.votes[0].cover}
    assert len(covers) == 1
    assert 0 <= covers.pop() < COVERS


def test_rates_are_unknown_while_the_tally_cannot_be_read() -> None:
    snapshot = snapshot_of(Unavailable(tally=TALLY_AWAY))
    assert snapshot.total == 3
    assert snapshot.routes[Route.HTTP].votes_per_second is None


def test_snapshots_that_differ_only_in_time_show_the_same() -> None:
    one = snapshot_of()
    assert shows_the_same(one, msgspec.structs.replace(one, at="later"))
    assert not shows_the_same(one, msgspec.structs.replace(one, total=4))
