import numpy as np
import pytest

from loadtest.model.percentiles import curve, percentile, percentile_if_beyond, percentile_of


@pytest.mark.parametrize("percent", [0.1, 50, 90, 99, 99.9, 100])
def test_a_percentile_is_the_smallest_sample_that_so_many_do_not_exceed(percent: float) -> None:
    samples = np.sort(np.random.default_rng(1).exponential(5.0, 12_345))
    value = percentile(samples, percent)
    assert value in samples
    assert np.mean(samples <= value) >= percent / 100 - 1e-12
    assert np.mean(samples < value) < percent / 100
    assert value == pytest.approx(np.percentile(samples, percent), rel=0.05)


@pytest.mark.parametrize(
    ("count", "percent", "rank"),
    [
        (1, 50, 1),
        (1, 99, 1),
        (2, 50, 1),
        (2, 51, 2),
        (99, 99, 99),
        (100, 99, 99),
        (101, 99, 100),
        (1000, 99, 990),
        (1000, 99.9, 999),
        (10_000, 99.99, 9999),
        (7, 0, 1),
        (7, 100, 7),
    ],
)
def test_the_rank_is_right_at_the_edges(count: int, percent: float, rank: int) -> None:
    """The 99th percentile of a hundred is the second slowest, not the slowest."""
    assert percentile(np.arange(1.0, count + 1), percent) == rank


def test_samples_come_in_any_order_or_not_at_all() -> None:
    assert percentile_of([float(n) for n in range(100, 0, -1)], 99) == 99.0
    assert percentile_of([], 99) is None


@pytest.mark.parametrize(("percent", "fewest"), [(90, 10), (99, 100), (99.9, 1000)])
def test_a_percentile_needs_a_sample_beyond_it(percent: float, fewest: int) -> None:
    assert percentile_if_beyond(np.arange(1.0, fewest), percent) is None
    assert percentile_if_beyond(np.arange(1.0, fewest + 1), percent) == fewest - 1
    assert percentile_if_beyond(np.array([]), percent) is None


def test_the_curve_of_phases_is_the_mean_of_theirs() -> None:
    fast, slow = np.full(1000, 2.0), np.full(200, 8.0)
    points = curve([fast, slow])
    assert [value for _, value in points] == pytest.approx([4.0] * len(points))
    assert points[-1][0] == pytest.approx(99.5)  # as far as the shorter phase goes


def test_a_phase_without_a_sample_leaves_no_curve() -> None:
    assert curve([np.array([1.0, 2.0]), np.array([])]) == []
    assert curve([]) == []
