import math
from random import Random

import pytest

from loadtest.model.estimate import estimate, ratio, t_quantile, two_sided_p


# Percentage points of Student's distribution as every table prints them, such as table 1.3.6.7.2
# of the NIST/SEMATECH e-Handbook of Statistical Methods.
@pytest.mark.parametrize(
    ("freedom", "printed"),
    [
        (1, 12.706),
        (2, 4.303),
        (3, 3.182),
        (5, 2.571),
        (10, 2.228),
        (11, 2.201),
        (30, 2.042),
        (60, 2.000),
        (100, 1.984),
    ],
)
def test_quantiles_are_those_of_the_tables(freedom: int, printed: float) -> None:
    assert round(t_quantile(freedom), 3) == printed


@pytest.mark.parametrize(
    ("t", "freedom", "printed"),
    [
        (3.078, 1, 0.20),
        (12.706, 1, 0.05),
        (-4.303, 2, 0.05),
        (3.365, 5, 0.02),
        (1.812, 10, 0.10),
        (3.169, 10, 0.01),
        (4.144, 10, 0.002),
        (2.042, 30, 0.05),
        (3.174, 100, 0.002),
    ],
)
def test_probabilities_are_those_of_the_tables(t: float, freedom: int, printed: float) -> None:
    assert two_sided_p(t, freedom) == pytest.approx(printed, rel=1e-3)


@pytest.mark.parametrize("t", [0.0, 0.5, -2.0, 5.0, 40.0])
def test_the_probability_has_closed_forms_for_one_and_two_degrees(t: float) -> None:
    assert two_sided_p(t, 1) == pytest.approx(1 - 2 / math.pi * math.atan(abs(t)))
    assert two_sided_p(t, 2) == pytest.approx(1 - abs(t) / math.sqrt(2 + t * t))


@pytest.mark.parametrize("freedom", [1.5, 7.3, 4000.5])
def test_degrees_of_freedom_need_not_be_whole(freedom: float) -> None:
    fewer, more = two_sided_p(2.0, math.floor(freedom)), two_sided_p(2.0, math.ceil(freedom))
    assert more < two_sided_p(2.0, freedom) < fewer


def test_the_interval_holds_the_true_value_19_times_in_20() -> None:
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
