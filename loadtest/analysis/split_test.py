import math

import pytest
from scipy.stats import binom

from loadtest.analysis.split import ALPHA, check_split, wilson_interval
from loadtest.model.checks import SplitTest
from voting.domain.vote import Route

EVEN = {Route.GRPC: 50.0, Route.HTTP: 50.0}


def split(grpc: int, http: int, weights: dict[Route, float] | None = None) -> SplitTest:
    found = check_split({Route.GRPC: grpc, Route.HTTP: http}, weights or EVEN)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("grpc", "http", "chi_square"),
    [(500, 500, 0.0), (480, 520, 1.6), (1, 9, 6.4), (10_000, 10_500, 12.195122)],
)
def test_chi_square_is_pearsons(grpc: int, http: int, chi_square: float) -> None:
    """The sum of (observed - expected)² / expected, here (grpc - http)² / (grpc + http)."""
    found = split(grpc, http)
    assert found.chi_square == pytest.approx(chi_square)
    # Of one degree of freedom it is the square of a standard normal deviate.
    assert found.p_value == pytest.approx(math.erfc(math.sqrt(chi_square / 2)))


def test_chi_square_is_pearsons_for_unequal_weights_too() -> None:
    found = split(870, 130, {Route.GRPC: 90.0, Route.HTTP: 10.0})
    assert found.chi_square == pytest.approx(30**2 / 900 + 30**2 / 100)
    assert found.p_value == pytest.approx(0.0015654, rel=1e-4)


# Table 1.3.6.7.4 of the NIST/SEMATECH e-Handbook of Statistical Methods, one degree of freedom.
@pytest.mark.parametrize(
    ("chi_square", "printed"), [(2.706, 0.1), (3.841, 0.05), (6.635, 0.01), (10.828, 0.001)]
)
def test_p_values_are_those_of_the_tables(chi_square: float, printed: float) -> None:
    half = 10_000_000
    away = round(math.sqrt(chi_square * half / 2))
    found = split(half - away, half + away)
    assert found.chi_square == pytest.approx(chi_square, rel=1e-3)
    assert found.p_value == pytest.approx(printed, rel=3e-3)


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_as_published(hits: int, total: int, low: float, high: float) -> None:
    """R. G. Newcombe, Two-sided confidence intervals for the single proportion (1998), table I."""
    found = wilson_interval(hits, total, 0.05)
    assert [round(bound, 4) for bound in found] == [low, high]


@pytest.mark.parametrize("http", range(4500, 5501, 50))
def test_a_split_is_fair_exactly_when_the_interval_holds_the_weight(http: int) -> None:
    found = split(10_000 - http, http)
    assert found.fair == (found.low <= found.expected <= found.high)


def test_round_robin_and_chance_are_fair_but_three_points_off_is_not() -> None:
    assert split(5000, 5000).fair
    assert split(4900, 5100).fair
    assert not split(4700, 5300).fair


def test_a_fair_splitter_passes_nearly_always() -> None:
    failing = [http for http in range(1001) if not split(1000 - http, http).fair]
    assert 0 < sum(float(binom.pmf(http, 1000, 0.5)) for http in failing) < 2 * ALPHA


def test_all_votes_on_one_route_are_unfair() -> None:
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
