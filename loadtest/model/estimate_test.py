import math
from random import Random

import pytest
from scipy import stats

from loadtest.model.estimate import estimate, ratio, t_quantile, two_sided_p


@pytest.mark.parametrize("freedom", [1, 2, 5, 10, 11, 30, 1000])
def test_the_quantile_is_students(freedom: int) -> None:
    assert t_quantile(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-4)


@pytest.mark.parametrize("freedom", [1, 1.5, 3, 7.3, 30, 4000])
@pytest.mark.parametrize("t", [0.0, 0.5, -2.0, 5.0, 40.0])
def test_the_probability_is_students(t: float, freedom: float) -> None:
    expected = 2 * stats.t.sf(abs(t), freedom)
    assert two_sided_p(t, freedom) == pytest.approx(expected, rel=1e-3, abs=1e-15)


def test_the_interval_holds_the_truth_19_times_of_20() -> None:
    random = Random(1)
    held = 0
    for _ in range(2000):
        found = estimate([math.exp(random.gauss(2, 0.3)) for _ in range(4)])
        assert found is not None
        held += not found.excludes(math.exp(2))
    assert held / 2000 == pytest.approx(0.95, abs=0.015)


def test_one_measurement_has_no_interval() -> None:
    found = estimate([3.0])
    assert found is not None
    assert (found.value, found.low, found.high, found.repeats) == (3.0, None, None, 1)
    assert not found.excludes(100.0)


def test_nothing_measured_nothing_estimated() -> None:
    assert estimate([]) is None
    assert estimate([1.0, 0.0]) is None
    assert ratio([1.0, 0.0], [1.0, 1.0]) is None


def test_what_a_pair_has_in_common_cancels_out() -> None:
    found = ratio([10.0, 20.0, 40.0], [5.0, 10.0, 20.0])
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((2.0, 2.0, 2.0))


def test_a_measurement_without_a_partner_is_left_out() -> None:
    found = ratio([10.0, 20.0, 40.0], [5.0, 10.0])
    assert found is not None
    assert found.repeats == 2
