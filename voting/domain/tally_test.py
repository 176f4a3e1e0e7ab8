from voting.client.samples import poll_fields
from voting.domain.tally import AlbumTally, EntryTally, PollTally, Tally, add_tally, tally_of
from voting.domain.vote import Route
from voting.testing.examples import vote_with

FLOYD = ("Pink Floyd", "The Dark Side of the Moon", 1973)
QUEEN = ("Queen", "Jazz", 1978)


def test_votes_and_ranks_are_summed_per_album_and_votes_per_route() -> None:
    queen = dict(zip(("name", "album", "year"), QUEEN, strict=True))
    tally = tally_of(
        [
            vote_with(rank=10),
            vote_with(rank=30),
            vote_with(rank=100, route=Route.GRPC),
            vote_with(rank=7, **queen),
        ]
    )
    assert tally.albums == {
        FLOYD: AlbumTally(*FLOYD, votes=3, rank_sum=140),
        QUEEN: AlbumTally(*QUEEN, votes=1, rank_sum=7),
    }
    assert tally.routes == {Route.HTTP: 3, Route.GRPC: 1}
    assert tally.votes == 4


def test_a_vote_in_a_poll_counts_for_its_entry_there_and_for_no_album() -> None:
    best = {"poll": "best", "entry": "moon", "poll_event": 1}
    tally = tally_of(
        [
            vote_with(rank=1),
            vote_with(rank=10, **best),
            vote_with(rank=20, route=Route.GRPC, **best),
            vote_with(rank=30, **{**best, "entry": "blue"}),
            vote_with(rank=40, **{**best, "poll": "worst"}),
        ]
    )
    assert [(album.votes, album.rank_sum) for album in tally.albums.values()] == [(1, 1)]
    assert tally.routes == {Route.HTTP: 1}
    assert tally.polls == {
        "best": PollTally(
            {"moon": EntryTally(2, 30), "blue": EntryTally(1, 30)}, {Route.HTTP: 2, Route.GRPC: 1}
        ),
        "worst": PollTally({"moon": EntryTally(1, 40)}, {Route.HTTP: 1}),
    }
    assert tally.votes == 5
    assert tally.votes_by_route() == {Route.HTTP: 4, Route.GRPC: 1}


def test_votes_of_classes_are_counted_apart() -> None:
    best = {"poll": "best", "entry": "moon", "poll_event": 1}
    votes = [vote_with(rank=rank, voter_class=n, **best) for rank, n in ((1, 0), (2, 1), (4, 1))]
    counted = tally_of([*votes, vote_with(rank=8, voter_class=15, **best)]).polls["best"]
    assert counted.entries == {
        "moon": EntryTally(1, 1),
        "moon@1": EntryTally(2, 6),
        "moon@15": EntryTally(1, 8),
    }
    assert [counted.of("moon", n) for n in (0, 1, 2)] == [(1, 1), (2, 6), (0, 0)]
    assert counted.votes == 4


def test_the_tally_of_all_votes_is_the_sum_of_the_tallies_of_its_parts() -> None:
    votes = [
        vote_with(rank=n + 1, album=f"{n % 2}", route=list(Route)[n // 2 % 2], **poll_fields(n))
        for n in range(24)
    ]
    total, parts = Tally(), [tally_of(votes[:7]), tally_of(votes[7:])]
    for part in parts:
        add_tally(total, part)
    assert total == tally_of(votes)
    assert parts == [tally_of(votes[:7]), tally_of(votes[7:])]  # adding leaves them as they are


def test_an_album_of_another_year_is_another_album() -> None:
    assert len(tally_of([vote_with(), vote_with(year=2023)]).albums) == 2


def test_the_average_rank_is_the_mean() -> None:
    assert AlbumTally(*QUEEN, votes=4, rank_sum=10).average_rank == 2.5
    assert AlbumTally(*QUEEN, votes=0, rank_sum=0).average_rank == 0
