import pytest

from svc_consumer.repair.twins import skeleton, twins
from voting.domain.tally import Album, AlbumTally


def counted(votes: dict[Album, int]) -> dict[Album, AlbumTally]:
    return {album: AlbumTally(*album, count, count) for album, count in votes.items()}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Pink Floyd", "Рink Floyd"),  # Cyrillic
        ("Pink Floyd", "pink  FLOYD"),
        ("Pink Floyd", "Pink\u00a0Floyd"),
        ("Pink Floyd", "Pınk FIoyd"),
        ("Pink Floyd", "\uff30\uff49\uff4e\uff4b Floyd"),  # full width
        ("Pink Floyd", "Pink\u200b Floyd"),  # from when such names were accepted
        ("ВОДА", "вода"),
        ("METALLICA", "ΜΕΤΑLLІСА"),
        ("1975", "I975"),
        ("\ufb01re", "fire"),  # a ligature
        ("Straße", "STRASSE"),
    ],
)
def test_texts_that_look_alike_have_the_same_skeleton(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Pink Floyd", "Pink"), ("Rush", "Rash"), ("Sigur Rós", "Sigur Ros")]
)
def test_texts_that_a_reader_can_tell_apart_have_different_skeletons(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


def test_groups_of_twins_have_the_most_votes_first() -> None:
    found = twins(
        counted(
            {
                ("Rush", "2112", 1976): 90,
                ("RUSH", "2112", 1976): 2,
                ("Rush", "2112", 1977): 50,
                ("Yes", "Fragile", 1971): 1,
                ("Yеs", "Fragile", 1971): 100,
                ("Yes", "Relayer", 1974): 7,
            }
        )
    )
    assert found == [
        [("Yеs", "Fragile", 1971), ("Yes", "Fragile", 1971)],
        [("Rush", "2112", 1976), ("RUSH", "2112", 1976)],
    ]
