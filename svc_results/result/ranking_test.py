from hypothesis import given
from hypothesis import strategies as st

from svc_results.result.ranking import Leaders, ranking_of
from voting.domain.tally import AlbumTally, Tally, album_of_key


def key(number: int) -> bytes:
    return b"a\x1f%08d\x1f2000" % number


@given(
    st.lists(st.dictionaries(st.integers(0, 500), st.integers(0, 20), max_size=150), max_size=8),
    st.integers(1, 50),
)
def test_the_leaders_are_the_first_of_all(slices: list[dict[int, int]], limit: int) -> None:
    leaders = Leaders(limit)
    everything: dict[bytes, int] = {}
    for albums in slices:
        # Redis may bring an album twice, with more votes the second time.
        votes = {key(n): max(count, everything.get(key(n), 0)) for n, count in albums.items()}
        everything.update(votes)
        leaders.add(votes)
    order = sorted(everything, key=lambda k: (-everything[k], k))
    assert leaders.keys() == order[:limit]
    assert leaders.seen >= len(everything)


def test_albums_read_twice_count_once_while_all_are_kept() -> None:
    leaders = Leaders(10)
    leaders.add({key(n): 1 for n in range(8)})
    leaders.add({key(n): 2 for n in range(4, 12)})
    assert leaders.seen == 12


def test_the_order_of_keys_is_that_of_names_titles_and_years() -> None:
    albums = [("A", "x", 1990), ("A", "x", 1991), ("A", "y", 1900), ("AB", "a", 1900),
              ("A b", "a", 1900), ("é", "a", 1900), ("\U0001d11e", "a", 1900)]  # fmt: skip
    tally = Tally({album: AlbumTally(*album, 3, 9) for album in reversed(albums)})
    ranking = ranking_of(tally)
    assert [album_of_key(standing.key) for standing in ranking.standings] == sorted(albums)
    assert ranking.album_count == len(albums)
