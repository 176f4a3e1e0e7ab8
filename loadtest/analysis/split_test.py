import pytest
from scipy.stats import binom, binomtest, chisquare

from loadtest.analysis.split import ALPHA, check_split, wilson_interval
from loadtest.model.checks import SplitTest
from voting.domain.vote import Route

EVEN = {Route.GRPC: 50.0, Route.HTTP: 50.0}


def split(grpc: int, http: int, weights: dict[Route, float] | None = None) -> SplitTest:
    found = check_split({Route.GRPC: grpc, Route.HTTP: http}, weights or EVEN)
    assert found is not None
    return found


@pytest.mark.parametrize(("grpc", "http"), [(500, 500), (480, 520), (1, 9), (10_000, 10_500)])
def test_chi_square_is_that_of_scipy(grpc: int, http: int) -> None:
    reference = chisquare([grpc, http])
    found = split(grpc, http)
    assert found.chi_square == pytest.approx(reference.statistic)
    assert found.p_value == pytest.approx(reference.pvalue)


def test_chi_square_is_that_of_scipy_for_unequal_weights() -> None:
    reference = chisquare([870, 130], [900, 100])
    found = split(870, 130, {Route.GRPC: 90.0, Route.HTTP: 10.0})
    assert found.chi_square == pytest.approx(reference.statistic)
    assert found.p_value == pytest.approx(reference.pvalue)


@pytest.mark.parametrize(("hits", "total"), [(0, 10), (5, 10), (480, 1000), (999, 1000)])
def test_the_interval_is_that_of_scipy(hits: int, total: int) -> None:
    reference = binomtest(hits, total).proportion_ci(0.999, method="wilson")
    assert wilson_interval(hits, total, 0.001) == pytest.approx((reference.low, reference.high))


@pytest.mark.parametrize("http", range(4500, 5501, 50))
def test_a_split_is_fair_just_when_the_interval_holds_the_weight(http: int) -> None:
    found = split(10_000 - http, http)
    assert found.fair == (found.low <= found.expected <= found.high)


def test_turns_and_chance_are_fair_but_three_points_off_is_not() -> None:
    assert split(5000, 5000).fair
    assert split(4900, 5100).fair
    assert not split(4700, 5300).fair


def test_a_fair_splitter_passes_nearly_always() -> None:
    failing = [http for http in range(1001) if not split(1000 - http, http).fair]
    assert 0 < sum(float(binom.pmf(http, 1000, 0.5)) for http in failing) < 2 * ALPHA


def test_all_votes_on_one_route_are_off() -> None:
    assert not split(100, 0).fair


def test_votes_without_an_answer_do_not_make_a_split_unfair() -> None:
    """A route that failed for a while loses answers, whatever the splitter did."""
    requests = {Route.GRPC: 1000, Route.HTTP: 800}
    few, enough = (check_split(requests, EVEN, unanswered) for unanswered in (50, 200))
    assert few is not None
    assert enough is not None
    assert (few.fair, enough.fair) == (False, True)
    assert few.p_value == enough.p_value < ALPHA


def test_without_an_answer_there_is_no_test() -> None:
    assert check_split({Route.GRPC: 0, Route.HTTP: 0}, EVEN) is None
