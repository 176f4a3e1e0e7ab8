from voting.domain.tally import AlbumTally, tally_of
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


def test_an_album_of_another_year_is_another_album() -> None:
    assert len(tally_of([vote_with(), vote_with(year=2023)]).albums) == 2


def test_the_average_rank_is_the_mean() -> None:
    assert AlbumTally(*QUEEN, votes=4, rank_sum=10).average_rank == 2.5
    assert AlbumTally(*QUEEN, votes=0, rank_sum=0).average_rank == 0
