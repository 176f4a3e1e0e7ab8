import asyncio
from pathlib import Path

import pytest

from loadtest.driver.samples import Samples
from loadtest.measure.tally_watch import Reading, TallyWatch
from loadtest.measure.visibility import visible_after
from loadtest.testing.examples import accepted, stored
from voting.domain.vote import Route
from voting.stores.errors import StoreUnavailableError

START = 1_700_000_000.0


def reading(at: float, http: int, grpc: int = 0) -> Reading:
    return Reading(START + at, {Route.GRPC: grpc, Route.HTTP: http})


def votes(folder: Path, *acknowledged: float, route: Route = Route.HTTP) -> Samples:
    samples = [
        accepted(n, route, at=at - 0.005, latency=0.005) for n, at in enumerate(acknowledged)
    ]
    return stored(samples, folder)[0]


def test_the_nth_vote_is_visible_when_the_tally_has_n_more(tmp_path: Path) -> None:
    samples = votes(tmp_path, 0.1, 0.2, 0.3)
    readings = [reading(0, 70), reading(0.15, 70), reading(0.25, 72), reading(0.4, 73)]
    (found,) = visible_after([(START, samples)], readings)
    delay = found[Route.HTTP]
    assert delay.votes == 3
    assert (delay.p50, delay.max) == pytest.approx((100.0, 150.0), abs=0.1)
    assert delay.p99 is None  # of three votes none is the slowest in a hundred
    assert Route.GRPC not in found


def test_votes_of_warm_ups_count_but_are_in_no_figure(tmp_path: Path) -> None:
    samples = votes(tmp_path, -0.5, 0.1)
    (found,) = visible_after([(START, samples)], [reading(-1, 0), reading(0.2, 1), reading(0.3, 2)])
    assert found[Route.HTTP].votes == 1
    assert found[Route.HTTP].p50 == pytest.approx(200.0, abs=0.1)


def test_phases_and_routes_are_kept_apart(tmp_path: Path) -> None:
    first = votes(tmp_path, 0.1)
    second = votes(tmp_path, 0.1, route=Route.GRPC)
    third = votes(tmp_path, 0.1)
    phases = [(START, first), (START + 10, second), (START + 20, third)]
    readings = [reading(0, 5), reading(0.2, 6), reading(10.3, 6, grpc=1), reading(20.4, 7, grpc=1)]
    found = visible_after(phases, readings)
    delays = [next(iter(phase.values())).p50 for phase in found]
    assert delays == pytest.approx([100.0, 200.0, 300.0], abs=0.1)


def test_what_is_visible_before_the_answer_is_there_took_a_millisecond(tmp_path: Path) -> None:
    (found,) = visible_after([(START, votes(tmp_path, 0.1))], [reading(0, 0), reading(0.05, 1)])
    assert found[Route.HTTP].max == 1.0


def test_votes_that_never_came_are_left_out(tmp_path: Path) -> None:
    samples = votes(tmp_path, 0.1, 0.2)
    (found,) = visible_after([(START, samples)], [reading(0, 0), reading(0.2, 1)])
    assert found[Route.HTTP].votes == 1


def test_without_votes_there_are_no_delays(tmp_path: Path) -> None:
    assert visible_after([(START, votes(tmp_path))], [reading(0, 0)]) == [{}]


class FewAnswers:
    """A store that stops answering after a number of reads."""

    def __init__(self, answers: int) -> None:
        self.left = answers
        self.failed = asyncio.Event()

    async def route_votes(self, poll: str = "") -> dict[Route, int]:
        assert poll == "finals"
        if self.left == 0:
            self.failed.set()
            raise StoreUnavailableError("Redis", ConnectionError("gone"))
        self.left -= 1
        return dict.fromkeys(Route, 0)


async def test_a_store_that_goes_away_leaves_a_gap_and_a_reason() -> None:
    store = FewAnswers(3)
    watch = TallyWatch(store, "finals")
    async with watch.watching():
        await store.failed.wait()
    assert len(watch.readings) == 3
    assert watch.gap == "Redis is not available: gone"
