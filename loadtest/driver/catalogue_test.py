from collections import Counter
from random import Random

from loadtest.driver.catalogue import Ballots, read_catalogue, vote_for
from voting.domain.vote import check_vote
from voting.testing.examples import vote_with

ALBUMS = read_catalogue()


def test_every_album_makes_a_valid_vote() -> None:
    for album in ALBUMS:
        sent = vote_for(album, 50)
        assert (sent.name, sent.album, sent.year) == (album.name, album.album, album.year)
        check_vote(vote_with(name=sent.name, album=sent.album, year=sent.year, rank=sent.rank))


def test_the_catalogue_has_many_different_albums_of_many_countries() -> None:
    assert len(set(ALBUMS)) == len(ALBUMS) >= 150
    assert len({album.country for album in ALBUMS}) >= 40


def test_spain_and_latin_america_are_well_represented() -> None:
    spanish_speaking = {"ES", "MX", "AR", "CL", "CO", "CU", "PA", "PR", "DO", "PE", "UY", "GT"}
    assert sum(album.country in spanish_speaking for album in ALBUMS) >= 60


def test_the_same_random_state_draws_the_same_votes() -> None:
    first, second = Ballots(ALBUMS, Random(7)), Ballots(ALBUMS, Random(7))
    assert [first.draw() for _ in range(100)] == [second.draw() for _ in range(100)]


def test_some_albums_are_popular_and_every_rank_is_allowed() -> None:
    ballots = Ballots(ALBUMS, Random(7))
    drawn = [ballots.draw() for _ in range(5000)]
    by_album = Counter(choice.album for choice in drawn).most_common()
    assert by_album[0][1] > 5 * by_album[-1][1]
    assert all(1 <= choice.rank <= 100 for choice in drawn)
    assert len({choice.rank for choice in drawn}) > 90
