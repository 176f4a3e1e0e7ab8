from collections import Counter
from random import Random

from loadtest.driver.catalogue import Ballots, Choice, read_catalogue, vote_for
from loadtest.model.catalogue import Album, Catalogue
from voting.domain.vote import check_vote
from voting.testing.examples import vote_with

CATALOGUE = read_catalogue()
ALBUMS = CATALOGUE.albums


def test_every_album_makes_a_valid_vote() -> None:
    for number, album in enumerate(ALBUMS):
        sent = vote_for(CATALOGUE, Choice(number, 50))
        assert (sent.name, sent.album, sent.year) == (album.name, album.album, album.year)
        check_vote(vote_with(name=sent.name, album=sent.album, year=sent.year, rank=sent.rank))


def test_the_catalogue_has_many_different_albums_of_many_countries() -> None:
    assert len(set(ALBUMS)) == len(ALBUMS) >= 150
    assert len({album.country for album in ALBUMS}) >= 40


def test_spain_and_latin_america_are_well_represented() -> None:
    spanish_speaking = {"ES", "MX", "AR", "CL", "CO", "CU", "PA", "PR", "DO", "PE", "UY", "GT"}
    assert sum(album.country in spanish_speaking for album in ALBUMS) >= 60


def test_the_same_random_state_draws_the_same_votes() -> None:
    first, second = Ballots(CATALOGUE, Random(7)), Ballots(CATALOGUE, Random(7))
    assert [first.draw() for _ in range(100)] == [second.draw() for _ in range(100)]


def test_some_albums_are_popular_and_every_rank_is_allowed() -> None:
    ballots = Ballots(CATALOGUE, Random(7))
    drawn = [ballots.draw() for _ in range(5000)]
    by_album = Counter(choice.album for choice in drawn).most_common()
    assert by_album[0][1] > 5 * by_album[-1][1]
    assert all(1 <= choice.rank <= 100 for choice in drawn)
    assert len({choice.rank for choice in drawn}) > 90


def test_votes_in_a_poll_are_for_its_entries_on_its_scale() -> None:
    albums = (Album("Rush", "2112", 1976, entry="a"), Album("Can", "Tago Mago", 1971, entry="b"))
    catalogue = Catalogue(albums, "finals", rank_min=1, rank_max=3)
    ballots = Ballots(catalogue, Random(7))
    choices = [ballots.draw() for _ in range(200)]
    assert {choice.rank for choice in choices} == {1, 2, 3}
    votes = [vote_for(catalogue, choice).document for choice in choices]
    assert {(vote["poll"], vote["entry"]) for vote in votes} == {("finals", "a"), ("finals", "b")}
    assert "album" not in votes[0]
