from svc_results.result.rates import HISTORY_SECONDS, RateMeter
from voting.domain.vote import Route


def meter(*readings: tuple[float, int, int]) -> RateMeter:
    """Return a meter with these readings: time, gRPC votes, HTTP votes."""
    rates = RateMeter()
    for at, grpc, http in readings:
        rates.add(at, {Route.GRPC: grpc, Route.HTTP: http})
    return rates


def test_one_reading_gives_no_rate() -> None:
    rates = meter((10, 5, 5))
    assert rates.now() is None
    assert rates.history(Route.GRPC) == []


def test_the_rate_is_votes_per_second() -> None:
    assert meter((10, 0, 100), (12, 50, 101)).now() == {Route.GRPC: 25, Route.HTTP: 0.5}


def test_the_current_rate_covers_only_recent_readings() -> None:
    rates = meter((0, 0, 0), (1, 1000, 0), (2, 1000, 0), (3, 1000, 0), (4, 1000, 0), (5, 1000, 0))
    assert rates.now() == {Route.GRPC: 0, Route.HTTP: 0}


def test_a_route_without_votes_has_the_rate_zero() -> None:
    rates = RateMeter()
    rates.add(1, {})
    rates.add(2, {Route.HTTP: 3})
    assert rates.now() == {Route.GRPC: 0, Route.HTTP: 3}


def test_the_history_has_one_rate_a_second_however_often_it_is_read() -> None:
    often = [(0.25 * i, 3 * i, 0) for i in range(17)]
    assert meter(*often).history(Route.GRPC) == [12, 12, 12, 12]
    assert meter((0, 0, 0), (3.5, 42, 0), (4, 48, 0)).history(Route.GRPC) == [12, 12, 12, 12]


def test_the_history_ends_with_the_last_whole_second() -> None:
    assert meter((0, 0, 0), (1.9, 19, 0)).history(Route.GRPC) == [10]


def test_the_history_keeps_a_minute() -> None:
    history = meter(*((i, i * i, 0) for i in range(100))).history(Route.GRPC)
    assert len(history) == HISTORY_SECONDS
    assert history[-1] == 99**2 - 98**2


def test_an_outage_leaves_a_gap_in_the_history() -> None:
    rates = meter((0, 0, 0), (1, 10, 0), (61, 9000, 0))
    assert rates.history(Route.GRPC) == [10, None]
    assert rates.now() is None


def test_a_tally_that_starts_over_gives_no_negative_rate() -> None:
    rates = meter((0, 500, 500), (1, 0, 0), (2, 100, 0))
    assert rates.history(Route.GRPC) == [None, 100]
    assert rates.now() == {Route.GRPC: 100, Route.HTTP: 0}
