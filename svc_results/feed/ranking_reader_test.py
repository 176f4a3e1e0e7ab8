import asyncio
from collections.abc import Callable, Sequence

import pytest

from svc_results.feed.ranking_reader import LOOK_AGAIN_SECONDS, REST_FACTOR, RankingReader
from voting.domain.vote import Route
from voting.stores.tally_reader import STANDINGS_PER_CALL, AlbumsSlice, Pulse, Standings

LIMIT = 300


def key(number: int) -> bytes:
    return b"a\x1f%06d\x1f2000" % number


class FakeTally:
    """A tally of albums with these votes, all of rank 100; each call takes `seconds`."""

    def __init__(self, votes: dict[bytes, int]) -> None:
        self.votes = votes
        self.calls: list[str] = []
        self.now = 100.0
        self.seconds = 0.0
        self.after_slice: Callable[[], object] = lambda: None
        self.lost_before_standings = False

    def clock(self) -> float:
        return self.now

    def _call(self, name: str) -> None:
        self.calls.append(name)
        self.now += self.seconds

    def _routes(self) -> dict[Route, int]:
        return {Route.GRPC: sum(self.votes.values()), Route.HTTP: 0}

    async def pulse(self) -> Pulse:
        self._call("pulse")
        return Pulse(self._routes(), 2 * len(self.votes))

    async def albums(self, begin: int) -> AlbumsSlice:
        self._call("albums")
        keys = list(self.votes)
        # HSCAN may return an album of the previous slice again.
        part = keys[max(0, begin - 1) : begin + 100]
        votes = {key: self.votes[key] for key in part}
        self.after_slice()
        return AlbumsSlice(votes, begin + 100 if begin + 100 < len(keys) else 0)

    async def standings(self, albums: Sequence[bytes]) -> Standings:
        self._call("standings")
        assert len(albums) <= STANDINGS_PER_CALL
        if self.lost_before_standings:
            self.votes = {}
        counts = [
            (self.votes[album], 100 * self.votes[album]) if album in self.votes else None
            for album in albums
        ]
        return Standings(self._routes(), counts)


@pytest.fixture
def tally() -> FakeTally:
    return FakeTally({key(n): n % 90 + 1 for n in range(1000)})


@pytest.fixture
def reader(tally: FakeTally) -> RankingReader:
    return RankingReader(tally, limit=LIMIT, clock=tally.clock)


async def test_the_first_albums_are_kept_in_order(tally: FakeTally, reader: RankingReader) -> None:
    ranking = await reader.read()
    expected = sorted(tally.votes.items(), key=lambda item: (-item[1], item[0]))[:LIMIT]
    assert [(s.key, s.votes) for s in ranking.standings] == expected
    assert {s.rank_sum / s.votes for s in ranking.standings} == {100}
    assert ranking.votes == sum(tally.votes.values())


async def test_an_empty_tally_is_an_empty_ranking() -> None:
    ranking = await RankingReader(FakeTally({})).read()
    assert (ranking.votes, ranking.album_count, list(ranking.standings)) == (0, 0, [])


async def test_a_small_tally_is_read_in_three_calls_and_counted_exactly() -> None:
    tally = FakeTally({key(n): 1 for n in range(60)})
    ranking = await RankingReader(tally).read()
    assert ranking.album_count == 60
    assert tally.calls == ["pulse", "albums", "standings"]


async def test_without_a_new_vote_the_albums_are_not_read(
    tally: FakeTally, reader: RankingReader
) -> None:
    first = await reader.read()
    tally.calls.clear()
    assert await reader.read() is first
    assert tally.calls == ["pulse"]
    tally.votes[key(3)] += 1
    assert (await reader.read()).votes == first.votes + 1
    assert "albums" in tally.calls


@pytest.fixture
def small() -> FakeTally:
    return FakeTally({key(n): n + 1 for n in range(LIMIT)})


async def test_a_vote_for_a_known_album_is_shown_without_reading_all_names(
    small: FakeTally,
) -> None:
    reader = RankingReader(small, limit=LIMIT, clock=small.clock)
    await reader.read()
    small.calls.clear()
    small.votes[key(3)] += 1000
    ranking = await reader.read()
    assert small.calls == ["pulse", "standings", "standings"]
    assert (ranking.standings[0].key, ranking.standings[0].votes) == (key(3), 1004)
    assert (ranking.album_count, ranking.votes) == (LIMIT, sum(small.votes.values()))


async def test_a_new_album_is_found(small: FakeTally) -> None:
    del small.votes[key(7)]
    reader = RankingReader(small, limit=LIMIT, clock=small.clock)
    await reader.read()
    small.votes[key(7)] = 1000
    assert (await reader.read()).standings[0].key == key(7)
    small.votes[key(8)] += 2000
    assert (await reader.read()).standings[0].key == key(8)


async def test_an_album_that_was_gone_for_a_moment_is_found_again(small: FakeTally) -> None:
    reader = RankingReader(small, limit=LIMIT, clock=small.clock)
    await reader.read()
    votes = dict(small.votes)
    small.lost_before_standings = True
    small.votes[key(3)] += 1
    assert (await reader.read()).standings == []
    small.lost_before_standings = False
    small.votes = dict(votes)
    small.votes[key(3)] += 1000
    ranking = await reader.read()
    assert (len(ranking.standings), ranking.standings[0].key) == (LIMIT, key(3))


async def test_albums_are_reread_now_and_then_even_if_the_pulse_stays(
    tally: FakeTally, reader: RankingReader
) -> None:
    await reader.read()
    tally.votes[key(0)], tally.votes[key(89)] = tally.votes[key(89)], tally.votes[key(0)]
    tally.now += LOOK_AGAIN_SECONDS
    first = (await reader.read()).standings
    assert key(0) in {standing.key for standing in first}


async def test_a_slow_tally_rests_while_totals_stay_current(
    tally: FakeTally, reader: RankingReader
) -> None:
    tally.seconds = 1.0
    before = await reader.read()
    took = len(tally.calls) - 1
    tally.seconds = 0.0
    tally.votes[key(0)] += 1000
    at_rest = await reader.read()
    assert at_rest.standings == before.standings
    assert at_rest.votes == before.votes + 1000
    tally.now += REST_FACTOR * took
    assert (await reader.read()).standings[0].key == key(0)


async def test_votes_counted_during_a_reading_are_in_the_next(
    tally: FakeTally, reader: RankingReader
) -> None:
    tally.after_slice = lambda: tally.votes.update({key(7): tally.votes[key(7)] + 10})
    ranking = await reader.read()
    assert all(s.rank_sum == 100 * s.votes for s in ranking.standings)
    tally.after_slice = lambda: None
    assert (await reader.read()).standings[0].key == key(7)


async def test_a_tally_emptied_or_replaced_between_two_slices_is_read_again(
    tally: FakeTally, reader: RankingReader
) -> None:
    tally.after_slice = lambda: tally.votes.clear() if len(tally.calls) > 3 else None
    assert (await reader.read()).votes == 0
    tally.after_slice = lambda: None
    tally.votes = {key(1): 4}
    ranking = await reader.read()
    assert [(s.key, s.votes) for s in ranking.standings] == [(key(1), 4)]
    assert (ranking.votes, ranking.album_count) == (4, 1)


async def test_an_album_that_cannot_be_shown_is_an_error(tally: FakeTally) -> None:
    tally.votes[b"no album"] = 1000
    with pytest.raises(ValueError, match="unpack"):
        await RankingReader(tally).read()


async def test_an_interrupted_reading_leaves_the_last_ranking(
    tally: FakeTally, reader: RankingReader
) -> None:
    before = await reader.read()
    tally.votes[key(3)] += 1

    def cut() -> None:
        raise TimeoutError

    tally.after_slice = cut
    with pytest.raises(TimeoutError):
        await reader.read()
    tally.after_slice = lambda: None
    await asyncio.sleep(0)
    assert (await reader.read()).votes == before.votes + 1
